import { digestOf } from '../core/digest';
import { BudgetlineError } from '../core/failures';
import type { CellPlan } from './cell';
import { planPipeline, type PlannedPipeline } from './planned-pipeline';
import type { SweepPlan } from './plan';

const keysOf = ({ stages, evaluation }: PlannedPipeline): string =>
  [...stages, evaluation].map((stage) => stage?.key ?? '').join();

type Planned = Pick<SweepPlan, 'cells'>;

const isUsers = ({ experiment: { members } }: CellPlan): boolean => members?.pipeline !== undefined;

/** What users' pipelines plan for cells, as a digest; undefined for the built-in pipeline, whose code the bundle's digest has. */
export function tracedDigest({ cells }: Planned): string | undefined {
  const users = cells.filter(isUsers);
  return users.length === 0 ? undefined : digestOf(users.map((cell) => [cell.cell.id, keysOf(cell)]));
}

/**
 * Compares what a workflow plans with what the user saw: code that runs when a module is loaded may have another result
 * in a workflow.
 *
 * @param planned the digest of the client's plan; undefined: nothing to compare
 * @throws BudgetlineError PIPELINE_DIFFERS
 */
export function assertTraced(plan: Planned, planned: string | undefined): void {
  if (planned === undefined || tracedDigest(plan) === planned) return;
  throw new BudgetlineError(
    'PIPELINE_DIFFERS',
    'The pipeline asks for other stages in a workflow than when it was planned.',
    {
      remedy:
        'Let its module compute the same when it is loaded anywhere: no random numbers, clocks or environment variables.',
    },
  );
}

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
export async function assertRepeatable({ cells }: Planned): Promise<void> {
  for (const cell of cells.filter(isUsers)) await assertSame(cell);
}
