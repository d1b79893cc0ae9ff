import * as client from '../../client';
import type { ListedRun, RunFilter, RunStatus } from '../../client';
import { type Location, placeOf } from '../location';
import { withClient } from './temporal';

/**
 * Lists the sweeps and experiments that Temporal knows, newest first.
 *
 * @example
 * ```ts
 * for (const { workflowId, state } of await listRuns({ task: 'grade-school-math' })) console.log(workflowId, state);
 * ```
 *
 * @param filter conditions that a run must meet, all of them. Default: all runs except cells of sweeps, at most 50
 * @throws BudgetlineError TEMPORAL_MISSING, SEARCH_UNAVAILABLE (the server does not index Budgetline's attributes), USAGE
 */
export async function listRuns(filter: RunFilter = {}, location: Location = {}): Promise<ListedRun[]> {
  return withClient(location, (connected) => client.listRuns(connected, filter));
}

/**
 * Reads the state of a sweep, an experiment or a cell: its progress, and the stages that run or wait.
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
