import { strict as assert } from 'node:assert';
import type { Client } from '@temporalio/client';
import { readStatus, type RunStatus } from '../../../client';
import type { Task } from '../../../contracts/task';
import { createFolderStore } from '../../../store';
import { gradeSchoolMath, gradeSchoolMathDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { Going } from '../going-sweep';
import { resolveTinySweep, runSweep, withWorkers, type RanSweep } from '../sweep-bench';

const math: Task = gradeSchoolMath;

/** A task whose scoring throws on answers without its format, as those of tiny models: every evaluation fails. */
export const unjudged: Task = {
  ...gradeSchoolMath,
  name: 'unjudged',
  score: (...answer) => {
    const assessed = math.score(...answer);
    if (assessed.wellFormed || answer[1] === '') return assessed;
    throw new Error('no verifier for this');
  },
};

const { sft } = gradeSchoolMathDefaults;
const small = { budgets: [8], evaluation: { items: 4, maxNewTokens: 24 }, controls: [] };
/** Enough steps to cancel during training, with frequent checkpoints. */
const long = { sft: { ...sft, epochs: 60 }, execution: { checkpointEverySteps: 2 } };

/** Four sweeps in one home. */
export interface SharingSweeps {
  /** Id of a sweep that was cancelled during training. */
  readonly cancelled: string;
  /** Finished the stages of the cancelled one. */
  readonly maker: RanSweep;
  /** Two losses and two annotators, with continue-as-new; reuses stages of the maker. */
  readonly reuser: RanSweep;
  /** Every evaluation failed. */
  readonly failing: RanSweep;
  readonly failedStatus: RunStatus;
}

const axes = {
  loss: {
    dpo: { 'preference.loss': { name: 'sigmoid', beta: 0.1 } },
    simpo: { 'preference.loss': { name: 'simpo', beta: 2, gamma: 0.5 } },
  },
  annotator: ['majority-error', 'clean'],
};

async function cancelTraining(client: Client, home: string): Promise<string> {
  const resolved = await resolveTinySweep({ ...small, ...long, name: 'cancelled', sftFractions: [1] });
  const going = await Going.begin({ client, home }, resolved, { heartbeatSeconds: 5 });
  await going.untilTraining();
  await going.steer({ action: 'cancel' });
  await assert.rejects(going.result, { code: 'RUN_ENDED' });
  await going.untilNoTrainer();
  return going.id;
}

export function runSharingSweeps(home: string): Promise<SharingSweeps> {
  const work = async (client: Client): Promise<SharingSweeps> => {
    const cancelled = await cancelTraining(client, home);
    const again = { ...small, ...long, name: 'maker', sftFractions: [1] };
    const maker = await runSweep(client, await resolveTinySweep(again), { home });
    const more = { evaluation: { items: 5, maxNewTokens: 24 } };
    const wide = { ...small, ...long, ...more, name: 'reuser', sftFractions: [1, 0.5], axes };
    const orchestration = { maxCellsPerRun: 3 };
    const reuser = await runSweep(client, await resolveTinySweep(wide), { home, orchestration });
    const failed = { ...small, name: 'failing', task: 'unjudged', budgets: [8, 12], sftFractions: [1] };
    const once = { execution: { infrastructureRetries: 0 } };
    const failing = await runSweep(
      client,
      await resolveTinySweep({ ...failed, ...once }, { tasks: [unjudged, ...builtInTasks] }),
      {
        home,
      },
    );
    const failedStatus = await readStatus(client, failing.plan.sweepId, { store: createFolderStore(home) });
    return { cancelled, maker, reuser, failing, failedStatus };
  };
  return withWorkers(home, work, { tasks: [unjudged] });
}
