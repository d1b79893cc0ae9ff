import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { JobOf } from '../../../../schemas/trainer-job';
import { temporaryFolder } from '../../../support/temporary';
import {
  makeDemonstrations,
  makeModel,
  makePairs,
  preferenceJob,
  sftJob,
} from '../../../support/trainer/tiny-model';
import {
  eventsOf,
  killAt,
  runJob,
  type RunOptions,
  type TrainerRun,
} from '../../../support/trainer/trainer-process';

type Job = JobOf<'sft'> | JobOf<'preference'>;

/** Name and SHA-256 of every output file. */
function outputsOf(run: TrainerRun): Record<string, string> {
  const [result] = eventsOf(run, 'result');
  assert.ok(result, `no result: ${run.stderr}`);
  return Object.fromEntries(result.files.map(({ path, sha256 }) => [path, sha256]));
}

const resumedFrom = (run: TrainerRun): number | undefined => eventsOf(run, 'hello')[0]?.resumedFromStep;
const checkpointsOf = (job: Job): string[] => readdirSync(join(job.workDir, 'checkpoints')).sort();
const randomStep = (): number => 1 + Math.floor(Math.random() * 9);

const stopAt =
  (step: number, stop: (child: Parameters<NonNullable<RunOptions['onEvent']>>[1]) => void) =>
  (...[event, child]: Parameters<NonNullable<RunOptions['onEvent']>>): void => {
    if (event.event === 'metric' && event.step === step) stop(child);
  };

describe('resumed is undisturbed', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const jobs: Record<string, (name: string) => Job> = {};
  const undisturbed: Record<string, Record<string, string>> = {};

  before(async () => {
    const model = makeModel(folder.at('model'));
    const demonstrations = makeDemonstrations(folder.at('demonstrations.jsonl'), 18);
    const pairs = makePairs(folder.at('pairs.jsonl'), 18);
    jobs['sft'] = (name) => sftJob(folder.path(), name, { model, data: demonstrations });
    jobs['preference'] = (name) => preferenceJob(folder.path(), name, { reference: model, data: pairs });
    for (const [kind, make] of Object.entries(jobs))
      undisturbed[kind] = outputsOf(await runJob(make(`${kind}-whole`)));
  });

  for (const kind of ['sft', 'preference'])
    it(`${kind}: killed twice at random steps, the same bytes come out`, async () => {
      const job = jobs[kind]!(`${kind}-killed`);
      const steps = [randomStep(), randomStep()];
      for (const step of steps) {
        const killed = await runJob(job, { onEvent: killAt(step) });
        assert.equal(killed.signal ?? killed.status, killed.signal === null ? 0 : 'SIGKILL');
        assert.equal(existsSync(job.outputDir), killed.signal === null);
      }
      const last = await runJob(job);
      assert.deepEqual(outputsOf(last), undisturbed[kind], `killed at ${String(steps)}`);
    });

  it('a kill loses at most one checkpoint interval', async () => {
    const job = jobs['sft']!('sft-interval');
    await runJob(job, { onEvent: killAt(8) });
    const again = await runJob(job);
    assert.equal(resumedFrom(again), 6);
    assert.deepEqual(outputsOf(again), undisturbed['sft']);
  });

  it('the reference pass is not repeated', async () => {
    const job = jobs['preference']!('preference-once');
    await runJob(job, { onEvent: killAt(4) });
    const again = await runJob(job);
    assert.equal(eventsOf(again, 'progress').filter(({ phase }) => phase === 'reference').length, 0);
    assert.deepEqual(outputsOf(again), undisturbed['preference']);
  });

  const asked: Record<string, RunOptions> = {
    SIGTERM: { onEvent: stopAt(4, (child) => child.kill('SIGTERM')) },
    'the end of standard input': { keepAlive: true, onEvent: stopAt(4, (child) => child.stdin?.end()) },
  };
  for (const [what, options] of Object.entries(asked))
    it(`${what}: checkpoint, exit 75, and continued from there`, async () => {
      const job = jobs['sft']!(`sft-${what.replaceAll(' ', '-')}`);
      const stopped = await runJob(job, options);
      assert.equal(stopped.status, 75);
      const last = stopped.events.at(-1);
      assert.ok(last?.event === 'error' && last.code === 'TRAINER_YIELDED');
      assert.ok(!existsSync(job.outputDir));
      const saved = eventsOf(stopped, 'checkpoint').at(-1)?.step;
      assert.ok(saved !== undefined && saved >= 4 && saved <= 6, `saved at ${saved}`);
      const again = await runJob(job);
      assert.equal(resumedFrom(again), saved);
      assert.deepEqual(outputsOf(again), undisturbed['sft']);
    });

  it('events without a reader: checkpoint and exit 75', async () => {
    const job = jobs['sft']!('sft-unread');
    const stopped = await runJob(job, {
      onEvent: stopAt(4, (child) => (child.stdio[3] as Readable).destroy()),
    });
    assert.equal(stopped.status, 75, stopped.stderr);
    const again = await runJob(job);
    assert.ok((resumedFrom(again) ?? 0) >= 4);
    assert.deepEqual(outputsOf(again), undisturbed['sft']);
  });

  it('a truncated checkpoint is skipped with a warning, and the one before it used', async () => {
    const job = jobs['sft']!('sft-cut');
    await runJob(job, { onEvent: killAt(8) });
    // On a busy machine the kill may come after the next checkpoint.
    const [before, newest] = checkpointsOf(job).slice(-2) as [string, string];
    truncateSync(join(job.workDir, 'checkpoints', newest), 1000);
    const again = await runJob(job);
    assert.deepEqual(
      eventsOf(again, 'warning').map(({ code }) => code),
      ['CHECKPOINT_DAMAGED'],
    );
    assert.equal(resumedFrom(again), Number(before.split('-')[1]));
    assert.deepEqual(outputsOf(again), undisturbed['sft']);
  });

  it('other paths and intervals change nothing; another plan is a warning; another field is an error', async () => {
    const job = jobs['sft']!('sft-moved');
    await runJob(job, { onEvent: killAt(5) });
    copyFileSync(job.data, folder.at('copy.jsonl'));
    const moved = {
      ...job,
      data: folder.at('copy.jsonl'),
      outputDir: folder.at('elsewhere'),
      checkpointEverySteps: 1,
    };
    const changed = await runJob({ ...job, training: { ...job.training, learningRate: 1 } });
    assert.equal(changed.status, 78);
    assert.match(changed.stderr, /"training\.learningRate"/);
    const halved = await runJob({ ...moved, plan: { ...job.plan, microBatchSize: 2 } });
    assert.equal(halved.status, 0);
    assert.deepEqual(
      eventsOf(halved, 'warning').map(({ code }) => code),
      ['PLAN_CHANGED'],
    );
    assert.equal(resumedFrom(halved), 3);
    assert.deepEqual(Object.keys(outputsOf(halved)), Object.keys(undisturbed['sft']!));
  });

  it('a finished job is not run again', async () => {
    const job = jobs['sft']!('sft-whole');
    const again = await runJob(job);
    assert.equal(again.status, 0);
    assert.deepEqual(
      again.events.map(({ event }) => event),
      ['hello', 'result'],
    );
    assert.deepEqual(outputsOf(again), undisturbed['sft']);
  });

  it('a second process on the same work folder is refused while the first lives', async () => {
    const job = jobs['sft']!('sft-twice');
    let second: Promise<TrainerRun> | undefined;
    const first = await runJob(job, {
      onEvent(event, child) {
        if (event.event !== 'metric' || second !== undefined) return;
        // The first is stopped, so that the second meets a living holder in any case.
        child.kill('SIGSTOP');
        second = runJob(job);
        void second.then(() => child.kill('SIGCONT'));
      },
    });
    const refused = await second;
    assert.ok(refused);
    assert.equal(refused.status, 74);
    assert.match(refused.stderr, /Process \d+ is working in/);
    assert.deepEqual(outputsOf(first), undisturbed['sft']);
  });
});
