import { gatherLabels } from '../contracts/labels';
import {
  type CellProgress,
  type CellResult,
  controlIdOf,
  type SweepProgress,
  type SweepResult,
} from '../contracts/results';
import { uniqueResults } from '../contracts/stage';
import { testIdOf } from '../planning';

function ofCell({ cell, evaluation, stages }: CellResult): CellProgress {
  const warnings = stages.flatMap((stage) => stage.warnings ?? []).length;
  const { score, auxiliary } = evaluation;
  return {
    cell,
    state: 'done',
    workflowId: cell.id,
    score,
    auxiliary,
    warnings: warnings === 0 ? undefined : warnings,
  };
}

/** Cells that the spend limit skipped have not failed. */
const stateOfMissing = (id: string, spend: SweepResult['spend']): 'failed' | 'skipped' =>
  spend?.skipped.includes(id) === true ? 'skipped' : 'failed';

/** The progress of an ended sweep, from its result: no worker has to answer. */
export function finalSweepProgress(result: SweepResult): SweepProgress {
  const { base, baseStages, cells, failedCells, controls, failedControls, tests, spend } = result;
  const stages = [
    ...baseStages,
    ...[...cells, ...controls, ...failedControls, ...tests].flatMap((each) => each.stages),
  ];
  const labels = gatherLabels(uniqueResults(stages));
  const auxiliary = base?.auxiliary;
  const missing = failedCells.map(({ cell, code }) => ({
    cell,
    state: stateOfMissing(cell.id, spend),
    code,
    workflowId: cell.id,
  }));
  const failed = failedControls.map(controlIdOf).map((id) => ({ id, state: stateOfMissing(id, spend) }));
  return {
    phase: 'done',
    paused: null,
    maxConcurrentCells: 0,
    baseScore: base?.score ?? null,
    baseAuxiliary: auxiliary,
    cells: [...cells.map(ofCell), ...missing],
    controls: [
      ...controls.map((control) => ({ id: controlIdOf(control), state: 'done' as const })),
      ...failed,
    ],
    tests: tests.map((test) => {
      const id = testIdOf(test);
      return { id, state: test.evaluation === null ? stateOfMissing(id, spend) : 'done' };
    }),
    labels: labels.length === 0 ? undefined : labels,
    spend: spend && { usd: spend.usd },
  };
}
