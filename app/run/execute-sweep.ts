import type { PlannedSweep } from '../plan/plan-sweep';
import { executeRun, type Following, type RunParts } from './execute-run';
import { followSweep, type FollowedSweep, type RunCallbacks } from './follow-sweep';

export interface ExecuteOptions extends RunCallbacks, RunParts {}

/**
 * Runs a planned sweep to its end with its own workers, and calls `finish` with the result while they stop.
 *
 * @throws BudgetlineError with the code of what ended the sweep; the signal's reason
 */
export function executeSweep<T>(
  planned: PlannedSweep,
  options: ExecuteOptions,
  finish: Following<FollowedSweep, T>['finish'],
): Promise<T> {
  return executeRun(planned, options, {
    follow: (server, signal) => followSweep(server, planned, { ...options, signal }),
    finish,
  });
}
