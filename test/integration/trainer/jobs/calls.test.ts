import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainerEvent } from '../../../../schemas/trainer-event';
import type { JobOf } from '../../../../schemas/trainer-job';
import { createTrainEngine, type GraphProfile } from '../../../../trainer/engine';
import type { JobContext } from '../../../../trainer/jobs/context';
import { findResumePoint, train, type TrainingRun } from '../../../../trainer/jobs/training';
import { temporaryFolder } from '../../../support/temporary';
import { oracleEngine, oracleRows } from '../../../support/trainer/oracle-model';
import { sftJob } from '../../../support/trainer/tiny-model';

const plain: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };
const options = oracleEngine('grouped', { microBatchSize: 2 });
const steps = 14;

/** A context that requests a stop at the given poll and records its events. */
function contextOf(job: JobOf<'sft'>, stopAtLook = Infinity) {
  const sent: TrainerEvent[] = [];
  let looks = 0;
  const poll = (): Promise<string | null> => Promise.resolve((looks += 1) === stopAtLook ? 'SIGTERM' : null);
  const context: JobContext<JobOf<'sft'>> = {
    job,
    semantics: {},
    profile: plain,
    family: null,
    events: { broken: false, emit: (event) => void sent.push(event) },
    stop: { poll },
    warn: (code) => assert.fail(code),
  };
  const stepsOf = (kind: 'metric' | 'checkpoint'): number[] =>
    sent.flatMap((event) => (event.event === kind ? [event.step] : []));
  return { context, stepsOf, looks: () => looks };
}

describe('several steps per engine call', () => {
  const folder = temporaryFolder();
  const jobOf = (name: string): JobOf<'sft'> => ({
    ...sftJob(folder.path(), name, { model: '', data: '' }),
    checkpointEverySteps: 6,
  });

  async function run(
    { context }: ReturnType<typeof contextOf>,
    profile: GraphProfile,
    heldOut?: TrainingRun['heldOut'],
  ) {
    const from = await findResumePoint(context);
    const engine = createTrainEngine({ ...options, profile });
    if (from !== null) engine.importState(from.state);
    try {
      const result = await train(context, {
        engine,
        from,
        steps,
        stepsPerEpoch: 2,
        batchAt: (step) => (step % 2 === 0 ? oracleRows.slice(2) : oracleRows),
        learningRateAt: (step) => step * 1e-4,
        heldOut,
      });
      const metrics = readFileSync(join(context.job.workDir, 'metrics.jsonl'), 'utf8');
      return { result, metrics, state: engine.exportState() };
    } finally {
      await engine.release();
    }
  }

  it('reports every step, saves at every interval, and stops after a call', async () => {
    const single = contextOf(jobOf('single'));
    const expected = await run(single, plain);
    assert.equal(single.looks(), steps);

    const several: GraphProfile = { ...plain, stepsPerCall: 4 };
    const whole = contextOf(jobOf('whole'));
    assert.deepEqual(await run(whole, several), expected);
    assert.deepEqual(whole.stepsOf('metric'), single.stepsOf('metric'));
    assert.deepEqual(whole.stepsOf('checkpoint'), [6, 12]);
    assert.ok(whole.looks() < 10, 'calls of 1, 4, 1, 4, 2 and 2 steps, where the machine is not very slow');

    const stopped = contextOf(jobOf('stopped'), 5);
    await assert.rejects(run(stopped, several), { code: 'TRAINER_YIELDED' });
    const at = stopped.stepsOf('checkpoint').at(-1) ?? 0;
    assert.equal(at, stopped.stepsOf('metric').at(-1), 'nothing that was made is lost');
    const resumed = contextOf(jobOf('stopped'));
    assert.deepEqual(await run(resumed, several), expected);
    assert.deepEqual(resumed.stepsOf('metric')[0], at + 1);
  });

  it('ends a call with an epoch where held-out rows are scored', async () => {
    const heldOut = { rows: oracleRows.slice(1), batchSize: 2, metric: 'eval_loss' } as const;
    const single = await run(contextOf(jobOf('single-scored')), plain, heldOut);
    const several = contextOf(jobOf('several-scored'));
    assert.deepEqual(await run(several, { ...plain, stepsPerCall: 4 }, heldOut), single);
    const scored = several.stepsOf('metric').filter((step, at, all) => step === 0 || all[at - 1] === step);
    assert.deepEqual(scored, [0, 2, 4, 6, 8, 10, 12, 14]);
    const unscored = await run(contextOf(jobOf('unscored')), plain);
    assert.deepEqual(single.state, unscored.state, 'scoring changes no weight');
  });

  it('stops between batches of held-out rows, with a checkpoint', async () => {
    const heldOut = { rows: oracleRows.slice(1), batchSize: 2, metric: 'eval_loss' } as const;
    const whole = await run(contextOf(jobOf('scored-whole')), plain, heldOut);
    // Two looks before the first step; then two for an epoch's steps and two for its batches.
    for (const [look, at] of [
      [6, 2],
      [30, steps],
    ] as const) {
      const stopped = contextOf(jobOf(`scored-${at}`), look);
      await assert.rejects(run(stopped, plain, heldOut), { code: 'TRAINER_YIELDED' });
      assert.equal(stopped.stepsOf('checkpoint').at(-1), at);
      assert.deepEqual(stopped.stepsOf('metric').slice(-2), [at - 1, at], 'the epoch is not scored');
      const resumed = contextOf(jobOf(`scored-${at}`));
      assert.deepEqual(await run(resumed, plain, heldOut), whole);
      assert.equal(resumed.stepsOf('metric')[0], at, 'the epoch is scored first');
    }
  });
});
