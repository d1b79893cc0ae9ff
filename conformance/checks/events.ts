import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../check';
import { expect, expectResult } from '../expect';
import { stepCount } from '../kit';
import { eventsOf, type Run } from '../run';

const section = 'Events';

/** Longer than the protocol's two seconds, since the host may be loaded. */
const maxSilenceMs = 10_000;

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

function expectSteps(run: Run, kind: 'metric' | 'checkpoint', wanted: readonly number[]): void {
  const found = eventsOf(run, kind).map(({ step }) => step);
  expect(found.join() === wanted.join(), `${kind} events were sent for the steps ${found.join() || 'none'}`);
}

const commonMetrics = [
  'loss',
  'learning_rate',
  'grad_norm',
  'num_tokens',
  'tokens',
  'mean_token_accuracy',
  'entropy',
  'epoch',
];

export const eventChecks: readonly Check[] = [
  {
    section,
    rule: 'hello is first and names the job, result is last, every line is an event',
    async run(kit) {
      const { job, run } = await kit.undisturbed();
      expectResult(run);
      const [hello] = run.events;
      expect(hello?.event === 'hello', `the first event is ${hello?.event ?? 'missing'}`);
      expect(
        hello.id === job.id && hello.command === 'sft',
        `hello names the command ${hello.command} and the id ${hello.id}`,
      );
      expect(hello.resumedFromStep === 0, `a fresh start resumed from step ${hello.resumedFromStep}`);
    },
  },
  {
    section,
    rule: 'every step has a metric event with the metrics of docs/protocol.md',
    async run(kit) {
      const { run } = await kit.undisturbed();
      expectSteps(
        run,
        'metric',
        Array.from({ length: stepCount }, (_, index) => index + 1),
      );
      for (const { step, values } of eventsOf(run, 'metric')) {
        const missing = commonMetrics.find((name) => !Number.isFinite(values[name]));
        expect(missing === undefined, `step ${step} has no metric "${missing ?? ''}"`);
      }
    },
  },
  {
    section,
    rule: 'progress is sent at the first and last step of a phase, and often between',
    async run(kit) {
      const { run } = await kit.undisturbed();
      const steps = eventsOf(run, 'progress').filter(({ phase }) => phase === 'train');
      expect(steps.at(0)?.step === 1, 'the phase "train" has no progress event for its first step');
      const last = steps.at(-1);
      expect(last?.step === stepCount && last.steps === stepCount, 'there is none for its last step');
      const gaps = run.timesMs.slice(1).map((ms, index) => ms - run.timesMs[index]!);
      const longest = Math.max(0, ...gaps);
      expect(longest < maxSilenceMs, `there was no event for ${Math.round(longest)} ms`);
    },
  },
  {
    section,
    rule: 'heartbeats, if any are sent, have a CPU time that never falls',
    async run(kit) {
      const { run } = await kit.undisturbed();
      const times = eventsOf(run, 'heartbeat').map(({ cpuMs }) => cpuMs);
      const fallen = times.find((ms, index) => ms < (times[index - 1] ?? 0));
      expect(fallen === undefined, `a heartbeat has cpuMs ${fallen ?? ''} after a larger one`);
    },
  },
  {
    section,
    rule: 'a checkpoint event is sent every checkpointEverySteps steps and describes the file on disk',
    async run(kit) {
      const { run } = await kit.undisturbed();
      expectSteps(run, 'checkpoint', [3, 6, 9]);
      const kept = eventsOf(run, 'checkpoint').filter(({ path }) => existsSync(path));
      expect(kept.length === 2, `${kept.length} checkpoints are kept, but keepCheckpoints is 2`);
      for (const { path, sha256: named } of kept)
        expect(sha256(path) === named, `the SHA-256 of ${path} differs from its event's`);
    },
  },
  {
    section,
    rule: 'the result lists every file of the output folder, with size and SHA-256',
    async run(kit) {
      const { job, run } = await kit.undisturbed();
      const result = expectResult(run);
      expect(result.outputDir === job.outputDir, `the result's outputDir is ${result.outputDir}`);
      const onDisk = readdirSync(job.outputDir, { recursive: true, encoding: 'utf8' }).sort();
      const named = result.files.map(({ path }) => path).sort();
      expect(
        onDisk.join() === named.join(),
        `the folder has ${onDisk.join()}, the result lists ${named.join()}`,
      );
      for (const { path, sha256: digest } of result.files)
        expect(sha256(join(job.outputDir, path)) === digest, `the SHA-256 of ${path} differs`);
    },
  },
  {
    section: 'Channels',
    rule: 'without BUDGETLINE_EVENTS_FD, events are on standard output',
    async run(kit) {
      const job = kit.merge('standard-output');
      const run = await kit.call([job.command, kit.writeJob(job, job.id)], { eventsDescriptor: false });
      expectResult(run);
    },
  },
];
