import { failures, type FailureCode } from '../contracts/failures';
import type { SweepResult } from '../contracts/results';

/** The sweep finished, but a cell, a control or a base is missing from its tables. */
export const exitWithFailedCells = 1;
/** `audit verify` found something wrong. */
export const exitWithFindings = 1;
/** `audit verify` found nothing wrong, but could not make every check. */
export const exitWithSkipped = 2;
/** The definition, read as configuration, is wrong (EX_CONFIG). */
const config = 78;
/** A server is not to be had (EX_UNAVAILABLE). */
const unavailable = 69;
/** A fault of ours, or of something that we started (EX_SOFTWARE). */
const software = 70;

/** Statuses of failures that the training executable has none for, after sysexits.h. */
const ofCommandLine: Partial<Record<FailureCode, number>> = {
  DEFINITION_INVALID: config,
  BUDGET_EXCEEDS_POOL: config,
  SPEND_LIMIT: config,
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
  PORT_IN_USE: unavailable,
  STORE_UNWRITABLE: 73,
  OUTPUT_EXISTS: 64,
  ARTIFACT_CORRUPT: 74,
  LEDGER_CORRUPT: 74,
  STAGE_CLAIMED: 75,
  CLAIM_LOST: 75,
  WORKER_STOPPING: 75,
};

/** The status with which the command line ends for a failure; never 0, and never that of a sweep with holes. */
export function exitStatusOf(code: FailureCode): number {
  return failures[code].exitCode ?? ofCommandLine[code] ?? software;
}

/** The status of a sweep that finished: 0 where nothing is missing from its tables. */
export function exitStatusOfResult({
  failedCells,
  failedControls,
  variants = [],
  ...result
}: SweepResult): number {
  const bases = [result, ...variants];
  const isWhole =
    [...failedCells, ...failedControls].length === 0 && bases.every(({ base }) => base !== null);
  return isWhole ? 0 : exitWithFailedCells;
}

/** 128 and the signal's number, as shells have it. */
export function exitStatusOfSignal(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): number {
  return 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
}
