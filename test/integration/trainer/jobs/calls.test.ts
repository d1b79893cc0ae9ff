import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainerEvent } from '../../../../schemas/trainer-event';
import type { JobOf } from '../../../../schemas/trainer-job';
import { createTrainEngine, type GraphProfile } from '../../../../trainer/engine';
import type { JobContext } from '../../../../trainer/jobs/context';
import { findResumePoint, train } from '../../../../trainer/jobs/training';
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

  async function run({ context }: ReturnType<typeof contextOf>, profile: GraphProfile) {
    const from = await findResumePoint(context);
    const engine = createTrainEngine({ ...options, profile });
    if (from !== null) engine.importState(from.state);
    try {
      await train(context, {
        engine,
        from,
        steps,
        stepsPerEpoch: 2,
        batchAt: (step) => (step % 2 === 0 ? oracleRows.slice(2) : oracleRows),
        learningRateAt: (step) => step * 1e-4,
      });
      const metrics = readFileSync(join(context.job.workDir, 'metrics.jsonl'), 'utf8');
      return { metrics, state: engine.exportState() };
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
});
