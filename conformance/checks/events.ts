import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../check';
import { expect, expectResult } from '../expect';
import { stepCount } from '../kit';
import { eventsOf, type Run } from '../run';

const section = 'Events';

/** Silence that a supervisor puts up with, beyond what the page promises: a loaded host is no breach. */
const longestSilenceMs = 10_000;

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

function expectSteps(run: Run, kind: 'metric' | 'checkpoint', wanted: readonly number[]): void {
  const found = eventsOf(run, kind).map(({ step }) => step);
  expect(found.join() === wanted.join(), `${kind} events came for the steps ${found.join() || 'none'}`);
}

const figures = [
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
    rule: 'hello comes first and speaks of the job, result comes last, every line is an event',
    async run(kit) {
      const { job, run } = await kit.undisturbed();
      expectResult(run);
      const [hello] = run.events;
      expect(hello?.event === 'hello', `the first event is ${hello?.event ?? 'missing'}`);
      expect(
        hello.id === job.id && hello.command === 'sft',
        `hello speaks of ${hello.command} for ${hello.id}`,
      );
      expect(hello.resumedFromStep === 0, `a fresh start resumed from step ${hello.resumedFromStep}`);
    },
  },
  {
    section,
    rule: 'a metric event follows every step, with the figures of the page',
    async run(kit) {
      const { run } = await kit.undisturbed();
      expectSteps(
        run,
        'metric',
        Array.from({ length: stepCount }, (_, index) => index + 1),
      );
      for (const { step, values } of eventsOf(run, 'metric')) {
        const missing = figures.find((name) => !Number.isFinite(values[name]));
        expect(missing === undefined, `step ${step} has no figure "${missing ?? ''}"`);
      }
    },
  },
  {
    section,
    rule: 'progress is sent at the first and last step of a phase, and no silence is long',
    async run(kit) {
      const { run } = await kit.undisturbed();
      const steps = eventsOf(run, 'progress').filter(({ phase }) => phase === 'train');
      expect(steps.at(0)?.step === 1, 'the phase "train" has no progress event for its first step');
      const last = steps.at(-1);
      expect(last?.step === stepCount && last.steps === stepCount, 'none for its last step');
      const gaps = run.timesMs.slice(1).map((ms, index) => ms - run.timesMs[index]!);
      const longest = Math.max(0, ...gaps);
      expect(longest < longestSilenceMs, `nothing was said for ${Math.round(longest)} ms`);
    },
  },
  {
    section,
    rule: 'a checkpoint event comes every checkpointEverySteps steps and names what is on the disk',
    async run(kit) {
      const { run } = await kit.undisturbed();
      expectSteps(run, 'checkpoint', [3, 6, 9]);
      const kept = eventsOf(run, 'checkpoint').filter(({ path }) => existsSync(path));
      expect(kept.length === 2, `${kept.length} checkpoints are kept, where keepCheckpoints is 2`);
      for (const { path, sha256: named } of kept)
        expect(sha256(path) === named, `${path} has another SHA-256 than its event says`);
    },
  },
  {
    section,
    rule: 'the result names every file of the output folder, with its size and SHA-256',
    async run(kit) {
      const { job, run } = await kit.undisturbed();
      const result = expectResult(run);
      expect(result.outputDir === job.outputDir, `the result lies in ${result.outputDir}`);
      const onDisk = readdirSync(job.outputDir, { recursive: true, encoding: 'utf8' }).sort();
      const named = result.files.map(({ path }) => path).sort();
      expect(
        onDisk.join() === named.join(),
        `the folder holds ${onDisk.join()}, the result names ${named.join()}`,
      );
      for (const { path, sha256: digest } of result.files)
        expect(sha256(join(job.outputDir, path)) === digest, `${path} has another SHA-256`);
    },
  },
  {
    section: 'Channels',
    rule: 'without a descriptor of their own, events come on standard output',
    async run(kit) {
      const job = kit.merge('standard-output');
      const run = await kit.call([job.command, kit.writeJob(job, job.id)], { ownDescriptor: false });
      expectResult(run);
    },
  },
];
