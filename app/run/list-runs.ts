import * as client from '../../client';
import type { ListOptions, RunFilter, RunStatus } from '../../client';
import { type RunSummary, summarizeRuns } from './run-summary';
import { type Location, placeOf } from '../location';
import { withClient } from './temporal';

/**
 * Lists the sweeps, experiments and workflows of your own that Temporal knows, newest first, with their progress and cost.
 *
 * @example
 * ```ts
 * for (const { workflowId, state } of await listRuns({ task: 'grade-school-math' })) console.log(workflowId, state);
 * ```
 *
 * @param filter conditions that a run must meet, all of them. Default: all runs except cells of sweeps, at most 50
 * @throws BudgetlineError TEMPORAL_MISSING, SEARCH_UNAVAILABLE (the server does not index Budgetline's attributes), USAGE
 */
export async function listRuns(
  filter: RunFilter = {},
  { onNotice, ...location }: Location & ListOptions = {},
): Promise<RunSummary[]> {
  const { store } = placeOf(location);
  return withClient(location, async (connected) =>
    summarizeRuns(connected, store, await client.listRuns(connected, filter, { onNotice })),
  );
}

/**
 * Reads the state of a sweep, an experiment, a cell or a workflow of yours: its progress, and the stages that run or wait.
 *
 * @example
 * ```ts
 * const { state, progress } = await readStatus(sweepId);
 * console.log(state, progress?.of === 'sweep' && progress.sweep.cells.length);
 * ```
 *
 * @throws BudgetlineError TEMPORAL_MISSING, RUN_UNKNOWN
 */
export async function readStatus(id: string, location: Location = {}): Promise<RunStatus> {
  const { store } = placeOf(location);
  return withClient(location, (connected) => client.readStatus(connected, id, { store }));
}
