import type { CellResult, SweepLists, TestResult } from '../contracts/results';
import { type StageResult, zeroCost } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import { Purchases } from '../planning/purchases';
import { planBaseTest, planTest, testIdOf, type TestPlan } from '../planning/tests';
import { type ScoredModel, scoredModel } from '../stages/evaluate';
import { runConcurrently } from './concurrently';
import { summarizeEvaluation } from './evaluation';
import { readFailure } from './failures';
import { concurrentSpenders, spendLimitReached, type Sweep } from './own-pipelines';
import { StageRunner } from './stages';
import { bestCells, controlsOfMixtures, promptingOf, type ScoredCell, warmStartsOfMixtures } from './winners';

/** The model behind a cell's score, where its plan does not know which evaluation that is. */
export function decidedModel(
  { evaluation, stages }: CellPlan,
  { evaluation: { key }, unplanned = [] }: CellResult,
): ScoredModel | undefined {
  if (evaluation !== null) return undefined;
  const found = [...stages, ...unplanned].find((stage) => stage.key === key);
  return found && scoredModel(found);
}

/** Results of cells and controls. */
interface Finished {
  readonly scored: readonly ScoredCell[];
  /** Those of the budgets where a split is chosen. */
  readonly chosen: readonly ScoredCell[];
  /** Ids of controls that have no result. */
  readonly lost: readonly string[];
}

/**
 * Everything that was chosen: the base models, the cells of the best split of each budget and place, and the controls of
 * the best mixtures that ran, which may be the better purchase, as may prompting.
 */
export function testsOf({ plan, decided }: Sweep, { scored, chosen, lost }: Finished): TestPlan[] {
  const plans = new Map(plan.cells.map((cellPlan) => [cellPlan.cell.id, cellPlan]));
  const ofCells = bestCells(chosen).flatMap(({ cell: { id, axes } }) =>
    planTest({ of: id, axes, planned: plans.get(id)!, model: decided.get(id) }),
  );
  const controls = [
    ...controlsOfMixtures(plan, chosen),
    ...warmStartsOfMixtures(plan, chosen),
    ...promptingOf(plan, { scored, chosen }),
  ];
  const ofControls = controls
    .filter(({ id }) => !lost.includes(id))
    .flatMap((planned) => planTest({ of: planned.id, axes: planned.of.axes, planned }));
  return [...plan.variants.flatMap(planBaseTest), ...ofCells, ...ofControls];
}

/** A stage's result at a further place: it ran once, and the first place paid. */
const asShared = (stage: StageResult): StageResult => ({ ...stage, cached: true, usd: 0, cost: zeroCost });

async function evaluateTest(sweep: Sweep, test: TestPlan): Promise<TestResult> {
  const { of, axes, stage, context } = test;
  const { spend, progress, steering, orchestration, experimentId, finished } = sweep;
  const id = testIdOf(test);
  const admitted = spend.admit(id, [stage], concurrentSpenders(sweep));
  progress.setTest(id, admitted ? 'running' : 'skipped');
  if (!admitted) return { of, axes, evaluation: null, failure: spendLimitReached(sweep), stages: [] };
  const { resolved } = context;
  const purchases = new Purchases({ ...spend.grant(id), expected: { stages: [stage] } });
  const runner = new StageRunner({
    resolved,
    purchases,
    orchestration,
    experimentId,
    runStage: (run) => steering.runStage(run),
  });
  try {
    const result = await runner.run(stage);
    finished.push(result);
    spend.settle(id, [result]);
    progress.setTest(id, 'done');
    return { of, axes, evaluation: summarizeEvaluation(result), stages: [result] };
  } catch (error) {
    const { reason } = readFailure(error);
    spend.writeOff(id, runner.isUnsettled ? undefined : { finished: [], unplanned: [], usd: runner.lostUsd });
    progress.setTest(id, 'failed');
    return { of, axes, evaluation: null, failure: reason, stages: [] };
  }
}

/** The tests of this run. `done` counts those of earlier runs too; the quota may be spent before the last. */
export async function runTests(
  sweep: Sweep,
  finished: Finished,
): Promise<Pick<SweepLists, 'tests'> & { readonly done: number; readonly isLast: boolean }> {
  const { previous, quota, steering, spend, progress } = sweep;
  const before = previous?.tests ?? 0;
  const all = testsOf(sweep, finished);
  if (all.length > 0) progress.enterPhase('tests');
  const left = all.slice(before);
  spend.reserve(left.map((test) => ({ id: testIdOf(test), stages: [test.stage] })));
  /** Places may have one base model. */
  const running = new Map<string, Promise<TestResult>>();
  const tests = await runConcurrently(
    quota.take(left),
    () => steering.concurrency,
    async (test) => {
      const { key } = test.stage;
      const same = running.get(key);
      if (same === undefined) {
        const first = evaluateTest(sweep, test);
        running.set(key, first);
        return first;
      }
      const { stages, ...result } = await same;
      progress.setTest(testIdOf(test), result.evaluation === null ? 'failed' : 'done');
      return { ...result, of: test.of, axes: test.axes, stages: stages.map(asShared) };
    },
  );
  const done = before + tests.length;
  return { tests, done, isLast: done === all.length };
}
