import { failures, type FailureCode } from '../core/failures';
import type { SweepResult } from '../contracts/results';

/** The sweep finished, but a cell, a control, a base or a test score is missing from its tables. */
export const exitWithFailedCells = 1;
/** `audit verify` found something wrong. */
export const exitWithFindings = 1;
/** `audit verify` found nothing wrong, but could not make every check. */
export const exitWithSkipped = 2;
/** The definition is invalid (EX_CONFIG). */
const config = 78;
/** A server is not available (EX_UNAVAILABLE). */
const unavailable = 69;
/** A fault of this program, or of a process that it started (EX_SOFTWARE). */
const software = 70;

/** Exit statuses, after sysexits.h, of failures for which the training executable has none. */
const ofCommandLine: Partial<Record<FailureCode, number>> = {
  DEFINITION_INVALID: config,
  BUDGET_EXCEEDS_POOL: config,
  BUDGET_EXCEEDED: config,
  SPEND_LIMIT: config,
  TASK_FAULTY: config,
  TASK_UNKNOWN: config,
  REFERENCE_MISMATCH: config,
  POOL_EXHAUSTED: 65,
  CONNECTION_INVALID: config,
  RUN_UNKNOWN: 66,
  STEERING_REFUSED: 64,
  WORKERS_SILENT: unavailable,
  SEARCH_UNAVAILABLE: unavailable,
  EXPORT_REFUSED: unavailable,
  BUNDLE_REFUSED: 65,
  SIGNING_KEY_INVALID: config,
  TEMPORAL_MISSING: unavailable,
  TEMPORAL_SILENT: unavailable,
  RUN_LOST: unavailable,
  PORT_IN_USE: unavailable,
  STORE_UNWRITABLE: 73,
  OUTPUT_EXISTS: 64,
  ARTIFACT_CORRUPT: 74,
  FORMAT_UNSUPPORTED: 65,
  LEDGER_CORRUPT: 74,
  STAGE_CLAIMED: 75,
  CLAIM_LOST: 75,
  WORKER_STOPPING: 75,
  WORKER_LOST: 75,
};

/** The exit status for a failure; never 0, and never that of a sweep with failed cells. */
export function exitStatusOf(code: FailureCode): number {
  return failures[code].exitCode ?? ofCommandLine[code] ?? software;
}

/** The exit status of a finished sweep: 0 if nothing is missing from its tables. */
export function exitStatusOfResult({
  failedCells,
  failedControls,
  tests,
  variants = [],
  ...result
}: SweepResult): number {
  const bases = [result, ...variants];
  const failedTests = tests.filter(({ evaluation }) => evaluation === null);
  const isWhole =
    [...failedCells, ...failedControls, ...failedTests].length === 0 &&
    bases.every(({ base }) => base !== null);
  return isWhole ? 0 : exitWithFailedCells;
}

/** 128 + the number of the signal, as in shells. */
export function exitStatusOfSignal(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): number {
  return 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
}
