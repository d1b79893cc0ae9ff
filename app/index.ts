/** The application: what the command line does, as functions that print nothing. */
export { auditRun, verifyRun, type VerifyRunOptions } from './audit/audit-run';
export { loadDefinition, type LoadedDefinition } from './definition/load-definition';
export type { DefinitionOptions } from './definition/definition-options';
export type { HomeOptions, Location } from './location';
export type { PlaceFacts } from './plan/place-facts';
export { planSweep, type PlannedSweep, type PlanOptions } from './plan/plan-sweep';
export type { PlanSummary } from './plan/plan-summary';
export type { UserCodeOptions } from './plan/user-tasks';
export { analyzeResults, type ResultRow, type ResultRules } from './results/analyze-results';
export { type ReportFiles, type ReportOptions, type ReportPart, writeReport } from './results/report-files';
export { readResults, type ResultsTable } from './results/results-csv';
export { readResult, type StoredResult, type SweepRecord } from './results/sweep-record';
export type { RunCallbacks } from './run/follow-sweep';
export { listRuns, readStatus } from './run/list-runs';
export type { StepMetrics } from './run/metrics';
export type { RunProgress } from './run/progress';
export { runSweep, type RunSweepOptions, type SweepOutcome } from './run/run-sweep';
export { cancelRun, pauseRun, type PauseOptions, resumeRun, setConcurrency } from './run/steer';
