import { gatherLabels } from '../contracts/labels';
import {
  type CellHole,
  type CellPage,
  type CellProgress,
  type CellResult,
  controlIdOf,
  type ExperimentProgress,
  type SweepProgress,
  type SweepResult,
} from '../contracts/results';
import { onceEach } from '../contracts/stage';

function ofCell({ cell, evaluation, stages }: CellResult): CellProgress {
  const warnings = stages.flatMap((stage) => stage.warnings ?? []).length;
  const { score, beside } = evaluation;
  return {
    ...{ cell, state: 'done', workflowId: cell.id, score },
    ...(beside === undefined ? {} : { beside }),
    ...(warnings === 0 ? {} : { warnings }),
  };
}

function ofHole({ cell }: CellHole, spend: SweepResult['spend']): CellProgress {
  const wasBegun = spend?.notBegun.includes(cell.id) !== true;
  return { cell, state: wasBegun ? 'failed' : 'left-out', workflowId: cell.id };
}

/** Where a sweep stands that is over, by what it returned: nobody needs to answer for it any more. */
export function sweepEnded(
  { base, baseStages, controls, ...last }: SweepResult,
  earlier: readonly CellPage[],
): SweepProgress {
  const pages = [...earlier, last];
  const cells = pages.flatMap((page) => page.cells);
  const stages = [...baseStages, ...[...cells, ...controls].flatMap((each) => each.stages)];
  const labels = gatherLabels(onceEach(stages));
  const beside = base?.beside;
  const holes = pages.flatMap((page) => page.holes);
  const { spend } = last;
  return {
    ...{ phase: 'done', paused: null, window: 0, baseScore: base?.score ?? null },
    ...(beside === undefined ? {} : { baseBeside: beside }),
    cells: [...cells.map(ofCell), ...holes.map((hole) => ofHole(hole, spend))],
    controls: controls.map((control) => ({ id: controlIdOf(control), state: 'done' })),
    ...(labels.length === 0 ? {} : { labels }),
    ...(spend === undefined ? {} : { spend: { usd: spend.usd } }),
  };
}

/** The same of a single experiment, or of a cell. */
export function experimentEnded({ stages }: Pick<CellResult, 'stages'>): ExperimentProgress {
  return { paused: null, finished: stages, running: null };
}
