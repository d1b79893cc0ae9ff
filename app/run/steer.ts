import { steerRun as steer } from '../../client';
import type { PauseMode, SteeringCommand } from '../../schemas/steering';
import type { Location } from '../location';
import { withClient } from './temporal';

/**
 * Steers a run. Resolves when the workflow has accepted the command. The ledger records who sent it.
 *
 * @throws BudgetlineError RUN_UNKNOWN, STEERING_REFUSED, WORKERS_SILENT, TEMPORAL_MISSING
 */
export async function steerRun(id: string, command: SteeringCommand, location: Location = {}): Promise<void> {
  await withClient(location, (client) => steer({ client, workflowId: id, command }));
}

/**
 * Cancels a run: running stages save a checkpoint first. `runSweep` with the same definition continues from there.
 *
 * @example
 * ```ts
 * await cancelRun(sweepId);
 * ```
 *
 * @param id of a sweep, an experiment or one cell of a sweep
 * @throws BudgetlineError RUN_UNKNOWN, STEERING_REFUSED, WORKERS_SILENT (a worker must be running), TEMPORAL_MISSING
 */
export function cancelRun(id: string, location: Location = {}): Promise<void> {
  return steerRun(id, { action: 'cancel' }, location);
}

/** Options of {@link pauseRun}. */
export interface PauseOptions extends Location {
  /** "drain": running stages finish. "yield": they save a checkpoint and release their devices. Default: "drain". */
  readonly mode?: PauseMode;
}

/**
 * Pauses a run: no new stage starts until {@link resumeRun}.
 *
 * @example
 * ```ts
 * await pauseRun(sweepId, { mode: 'yield' });
 * ```
 *
 * @param id of a sweep, an experiment or one cell of a sweep
 * @throws BudgetlineError RUN_UNKNOWN, STEERING_REFUSED, WORKERS_SILENT (a worker must be running), TEMPORAL_MISSING
 */
export function pauseRun(id: string, { mode = 'drain', ...location }: PauseOptions = {}): Promise<void> {
  return steerRun(id, { action: 'pause', mode }, location);
}

/**
 * Resumes a paused run.
 *
 * @example
 * ```ts
 * await resumeRun(sweepId);
 * ```
 *
 * @param id of a sweep, an experiment or one cell of a sweep
 * @throws BudgetlineError RUN_UNKNOWN, STEERING_REFUSED, WORKERS_SILENT (a worker must be running), TEMPORAL_MISSING
 */
export function resumeRun(id: string, location: Location = {}): Promise<void> {
  return steerRun(id, { action: 'resume' }, location);
}

/**
 * Sets how many cells a sweep runs in parallel.
 *
 * @example
 * ```ts
 * await setConcurrency(sweepId, 2);
 * ```
 *
 * @throws BudgetlineError RUN_UNKNOWN, STEERING_REFUSED, WORKERS_SILENT (a worker must be running), TEMPORAL_MISSING,
 * USAGE (`cells` is not a whole number above 0)
 */
export function setConcurrency(id: string, cells: number, location: Location = {}): Promise<void> {
  return steerRun(id, { action: 'concurrency', cells }, location);
}
