import { BudgetlineError } from '../core/failures';
import type { CellPlan } from './cell';
import { planPipeline, type PlannedPipeline } from './planned-pipeline';
import type { SweepPlan } from './plan';

const keysOf = ({ stages, evaluation }: PlannedPipeline): string =>
  [...stages, evaluation].map((stage) => stage?.key ?? '').join();

/** Plans the pipeline of a cell again. */
async function assertSame(cell: CellPlan): Promise<void> {
  const again = await planPipeline(cell.context, cell.pipeline);
  if (keysOf(again) === keysOf(cell)) return;
  const { path, export: name } = cell.experiment.members!.pipeline!;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `pipeline: "${name}" of ${path} plans other stages when it is called again with the same arguments.`,
    {
      remedy: 'Let it depend on its arguments only, not on variables that change between calls.',
      details: { field: 'pipeline', path, export: name },
    },
  );
}

/**
 * Plans every cell of a user's pipeline a second time: other stages mean that it depends on something else than its
 * arguments. A running workflow finds that out too, but only after the first stages have run.
 *
 * @throws BudgetlineError DEFINITION_INVALID
 */
export async function assertRepeatable({ cells }: Pick<SweepPlan, 'cells'>): Promise<void> {
  for (const cell of cells) if (cell.experiment.members?.pipeline !== undefined) await assertSame(cell);
}
