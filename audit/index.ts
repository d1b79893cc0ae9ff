/** The attempt ledger: one hash chain a stage key, one an experiment. */
export { appendLine, ledgerHead, readLedger } from './ledger';
export {
  countInfrastructureFailures,
  endAttempt,
  openAttempts,
  recordLostAttempts,
  startAttempt,
  type AttemptEnd,
  type AttemptStart,
} from './stage-ledger';
export {
  openExperimentLedger,
  recordStages,
  type ExperimentOpening,
  type StageRecord,
} from './experiment-ledger';
