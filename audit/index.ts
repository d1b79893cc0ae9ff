/** The attempt ledger: what the chains of stages and experiments record, and what is made from them. */
export {
  countInfrastructureFailures,
  endAttempt,
  deferralCodes,
  openAttempts,
  recordLostAttempts,
  startAttempt,
  type AttemptEnd,
  type AttemptStart,
  type Maker,
} from './stage-ledger';
export {
  openExperimentLedger,
  recordHistories,
  recordStages,
  recordSteering,
  type ExperimentOpening,
  type HistoryRecord,
  type StageRecord,
  type SteeringRecord,
} from './experiment-ledger';
export {
  buyLabels,
  buyRows,
  boughtUsd,
  labelsUpTo,
  nestedRowsOf,
  type NestPurchase,
  purchasesIn,
} from './row-purchases';
export { type ActivityRef, paymentsFor, paymentsIn } from './payments';
export { isSignedBy, readSigningKey, readTrustedKey, signHead } from './signing';
export { readAnchor, writeAnchor } from './anchor';
export { openBundle, type OpenBundle } from './bundle/read';
export { packFolder, writeBundle } from './bundle/write';
export { bundleLimits } from './bundle/limits';
export { readTimeline } from './timeline';
export { verifyRun } from './verify';
export type { Replayer, ReportMaker, VerifyOptions } from './verify/subject';
export { diffRuns, type CellDifference, type RunDifferences } from './comparison';
export { explainStage, type StageExplanation } from './explain';
export type { FieldDifference } from './flatten';
export { csvOf } from './exports/csv';
export { writeCrate } from './exports/crate-folder';
export { renderMlflow } from './exports/mlflow';
export { sendToMlflow } from './exports/mlflow-server';
export { readEvidence } from './exports/evidence';
export { readOpening, workflowTypeOf } from './run-files';
export { compareReproduction, type ReproducedStage, type Reproduction } from './reproduction';
export { exportFormats, renderExport, type ExportFormat } from './exports';
export { exportedHistories } from './run-records';
