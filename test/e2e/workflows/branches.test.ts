import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStatus } from '../../../client';
import type { SweepResult } from '../../../contracts/results';
import type { PlannedStage, StageKey } from '../../../contracts/stage';
import { type CellPlan, planGrid } from '../../../planning';
import { membersOf } from '../../../planning/members';
import type { LineOf } from '../../../schemas/ledger';
import { createFolderStore } from '../../../store';
import { Going } from '../../support/going-sweep';
import { resolveTinySweep, withWorkers } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

/** A sweep of one cell that has ended. */
interface Ran {
  readonly plan: CellPlan;
  readonly result: SweepResult;
  /** Keys of the stages that ran at the same time, as the cell's `progress` query reported them. */
  readonly running: readonly (readonly StageKey[])[];
  /** Stages that the sweep's ledger records, in its order. */
  readonly recorded: readonly LineOf<'stage-recorded'>[];
}

const toys = join(__dirname, '..', '..', 'support', 'toys');
const titlesOf = (stages: readonly { readonly title: string }[]): string[] =>
  stages.map(({ title }) => title);
const ofKind = (stages: readonly PlannedStage[], kind: string): PlannedStage[] =>
  stages.filter((stage) => stage.kind === kind);

describe('slow: a sweep whose pipeline has branches', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  const resolve = (branch: string) =>
    resolveTinySweep(
      {
        name: branch,
        budgets: [8],
        sftFractions: [0.5],
        axes: { branch: { [branch]: { 'evaluation.items': 8 } } },
        controls: [],
        prices: { sftExample: 10, preferencePair: 1 },
        spendLimitUsd: 100,
        pipeline: { module: './branches.ts', export: 'branching' },
        stageKinds: [{ module: './failing.ts', export: 'failing' }],
      },
      { baseDir: toys },
    );

  async function watch({ client, result }: Going, cellId: string): Promise<StageKey[][]> {
    const running: StageKey[][] = [];
    const ended = result.then(() => true);
    while (!(await Promise.race([ended, sleep(20, false)]))) {
      const status = await readStatus(client, cellId).catch(() => undefined);
      if (status?.progress?.of === 'experiment')
        running.push(status.progress.experiment.running.map(({ key }) => key));
    }
    return running;
  }

  async function run(branch: string, home = folder.path()): Promise<Ran> {
    const resolved = await resolve(branch);
    const [plan] = (await planGrid(resolved)).cells;
    return withWorkers(
      home,
      async (client) => {
        const going = await Going.begin({ client, home }, resolved);
        const running = await watch(going, plan!.cell.id);
        const recorded = (await going.lines()).filter((line) => line.type === 'stage-recorded');
        return { plan: plan!, result: await going.result, running, recorded };
      },
      { members: membersOf(resolved) },
    );
  }

  /** The last attempt of a stage. */
  async function attemptOf({ key }: PlannedStage): Promise<LineOf<'attempt-ended'>> {
    const lines = await createFolderStore(folder.path()).chain({ stage: key }).read();
    const ended = lines.findLast((line) => line.type === 'attempt-ended');
    assert.ok(ended, 'it has ended');
    return ended;
  }

  const failureOf = ({ result }: Ran) => {
    assert.deepEqual(result.cells, []);
    const [failed] = result.failedCells;
    return { code: failed!.code, message: failed!.message };
  };

  it('runs the stages that a result decides about, and reports them as unplanned', async () => {
    const { plan, result } = await run('score');
    assert.deepEqual(
      [titlesOf(plan.continuesAfter), plan.evaluation],
      [['Evaluation on 8 test items'], null],
    );
    const [{ stages, unplanned = [], evaluation }] = result.cells as [SweepResult['cells'][number]];
    assert.deepEqual(titlesOf(unplanned), [
      '2 demonstrations by majority-error',
      'SFT on 2 demonstrations',
      'Reference after SFT on 2 demonstrations',
      'Evaluation on 8 test items',
    ]);
    assert.deepEqual(titlesOf(stages), [...titlesOf(plan.stages), ...titlesOf(unplanned)]);
    assert.equal(evaluation.key, unplanned.at(-1)?.key);
    // The two demonstrations are among the four.
    assert.equal(result.spend?.usd, 4 * 10);
  });

  it('runs the stages of Promise.all side by side', async () => {
    const { plan, result, running } = await run('together');
    assert.deepEqual(result.failedCells, []);
    const trainings = ofKind(plan.stages, 'trainSft').map(({ key }) => key);
    assert.equal(trainings.length, 2);
    assert.ok(
      running.some((keys) => trainings.every((key) => keys.includes(key))),
      JSON.stringify(running),
    );
  });

  it('fails with PIPELINE_DIFFERS if it calls a stage that it did not plan', async () => {
    assert.deepEqual(failureOf(await run('other')), {
      code: 'PIPELINE_DIFFERS',
      message: `pipeline: "branching" of ${join(toys, 'branches.ts')} calls "2 demonstrations by majority-error", which it did not call when it was planned.`,
    });
  });

  it('fails with PIPELINE_DIFFERS if it does not call a stage that it planned', async () => {
    const { code, message } = failureOf(await run('fewer'));
    assert.equal(code, 'PIPELINE_DIFFERS');
    assert.match(message, /has not called "4 demonstrations by majority-error"/);
  });

  it('lets other branches end when a stage fails, and records and pays for them', async () => {
    const ran = await run('sibling');
    const { code, message } = failureOf(ran);
    assert.equal(code, 'DEFINITION_INVALID');
    assert.match(message, /failing-activity\.ts:3 fails: RangeError: It always fails\./);
    const [reference, pairs, failed, tuning] = ran.plan.stages;
    assert.deepEqual(titlesOf([failed!, tuning!]), ['A stage that fails', 'DPO on 4 pairs']);
    const [failure, purchase] = [await attemptOf(failed!), await attemptOf(pairs!)];
    assert.ok(failure.time < purchase.time, 'the pairs were being made when the other stage failed');
    assert.deepEqual([failure.outcome, purchase.outcome], ['failed', 'published']);
    const recorded = new Set(ran.recorded.map(({ stage }) => stage));
    assert.deepEqual(
      ran.plan.stages.filter(({ key }) => recorded.has(key)).map(({ key }) => key),
      [reference?.key, pairs?.key, tuning?.key],
    );
    assert.equal(ran.result.spend?.usd, 4);
  });

  it('continues after a failure that it catches, with stages that it did not plan', async () => {
    // In a store of its own: the other runs buy these pairs too.
    const { plan, result, recorded } = await run('caught', folder.at('caught'));
    assert.deepEqual(result.failedCells, []);
    const [{ stages, unplanned = [], evaluation }] = result.cells as [SweepResult['cells'][number]];
    const bought = ['Reference: the base model', '3 preference pairs'];
    assert.deepEqual(titlesOf(plan.stages), [...bought, 'A stage that fails', 'Evaluation on 8 test items']);
    assert.deepEqual(titlesOf(unplanned), ['DPO on 3 pairs', 'Evaluation on 8 test items']);
    assert.deepEqual(titlesOf(stages), [...bought, ...titlesOf(unplanned)]);
    assert.equal(evaluation.key, unplanned[1]?.key);
    const keys = new Set(recorded.map(({ stage }) => stage));
    assert.ok(stages.every(({ key }) => keys.has(key)));
    assert.equal(result.spend?.usd, 3);
  });

  it('fails with a stage’s error, also where the pipeline awaits the stage later', async () => {
    const { code, message } = failureOf(await run('late'));
    assert.equal(code, 'DEFINITION_INVALID');
    assert.match(message, /It always fails/);
  });

  it('fails with the error of a branch that it awaits later, or never', async () => {
    for (const branch of ['helper', 'floating'])
      assert.match(failureOf(await run(branch)).message, /It always fails/, branch);
  });

  it('runs a stage that failed again when it calls it again', async () => {
    const [cell] = (await planGrid(await resolve('retry'))).cells;
    const { key } = cell!.stages.find(({ title }) => title === 'A stage that fails')!;
    const attempts = async (): Promise<number> => {
      const lines = await createFolderStore(folder.path()).chain({ stage: key }).read();
      return lines.filter((line) => line.type === 'attempt-ended').length;
    };
    const before = await attempts();
    const { result } = await run('retry');
    assert.deepEqual(result.failedCells, []);
    assert.equal((await attempts()) - before, 3);
  });

  it('does not run where its module computes something else when it is loaded', async () => {
    await assert.rejects(run('lucky'), { code: 'PIPELINE_DIFFERS' });
  });

  it('fails if it returns before a branch has called all its stages', async () => {
    const { code, message } = failureOf(await run('left'));
    assert.equal(code, 'PIPELINE_DIFFERS');
    assert.match(message, /has not called "SFT on 4 demonstrations"/);
  });
});
