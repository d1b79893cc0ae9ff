/**
 * The public face of Budgetline. Your own workflows import their stage functions from 'budgetline/workflows', which
 * loads nothing that the workflow sandbox forbids.
 */
export {
  analyzeResults,
  auditRun,
  cancelRun,
  listRuns,
  loadDefinition,
  pauseRun,
  planSweep,
  readResult,
  readResults,
  readStatus,
  resumeRun,
  runExperiment,
  runSweep,
  setConcurrency,
  verifyRun,
  writeReport,
} from './app';
export type {
  DefinitionOptions,
  ExpectedYield,
  HomeOptions,
  LoadedDefinition,
  Location,
  PauseOptions,
  PlaceFacts,
  PlannedSweep,
  PlanOptions,
  PlanSummary,
  ReportFiles,
  ReportOptions,
  ReportPart,
  ResultRow,
  ResultRules,
  ResultsTable,
  RunCallbacks,
  RunExperimentOptions,
  RunOptions,
  RunProgress,
  RunSweepOptions,
  StepMetrics,
  StoredResult,
  SweepOutcome,
  SweepRecord,
  UserCodeOptions,
  VerifyRunOptions,
} from './app';
export { analyzeSweep } from './analysis';
export type { AnalyzeSweepInput } from './analysis';
export {
  checkpointAnnotator,
  checkpointJudge,
  endpointAnnotator,
  endpointJudge,
  peopleAnnotator,
  peopleJudge,
  preferenceAnnotator,
  withAnnotators,
  withJudges,
  withPreferenceAnnotators,
} from './annotators';
export type {
  CheckpointJudgeOptions,
  CheckpointOptions,
  EndpointJudgeOptions,
  EndpointOptions,
  PeopleAnnotatorOptions,
  PeopleOptions,
  PreferenceAnnotatorOptions,
  PreferenceProgram,
} from './annotators';
export { connect, startExperiment, startSweep, watchExperiment, watchSweep } from './client';
export { resolveDefinition } from './definitions';
export type {
  ConnectOptions,
  ExperimentStatus,
  ListedRun,
  RunFilter,
  RunningStage,
  RunStatus,
  Started,
  StartOptions,
  SweepStatus,
  WatchExperimentOptions,
  WatchOptions,
  Pending,
  RunState,
} from './client';
export type {
  DownloadProgress,
  HubOptions,
  ResolveOptions,
  TaskTrial,
  TriedAnswers,
  TriedExample,
  TriedLabels,
} from './definitions';
export type { SubjectAnalysis, SweepAnalysis } from './contracts/analysis/sweep';
export type { ExperimentDefinition, SweepDefinition } from './schemas/definition';
export type { ExperimentInput, SweepInput } from './definitions';
export type { Resolved, ResolvedExperiment, ResolvedSweep } from './contracts/resolved';
export type { Usd } from './core/money';
export { usd } from './core/money';
export { BudgetlineError, failures } from './core/failures';
export { defineLoss } from './losses';
export { hub } from './core/hub';
export { createRandom } from './core/random';
export type { FailureInfo } from './core/failure-table';
export type { FailureCode } from './core/failures';
export type {
  FailedCell,
  CellIdentity,
  CellResult,
  ControlResult,
  EvaluationSummary,
  SweepProgress,
  SweepResult,
  ExperimentProgress,
} from './contracts/results';
export type { DemonstrationRow, ItemResult, PreferenceRow } from './schemas/rows';
export type { PlannedStage, StageKey, StageResult } from './contracts/stage';
export type { StageKind } from './stages';
export type { UserJob, UserStageActivity, UserStageSession, UserTask } from './activities/user-stage';
export type { PauseMode } from './schemas/steering';
export type { Verification } from './schemas/audit';
export type { RunTimeline, AuditTotals } from './contracts/run-timeline';
export { readTrustedKey } from './audit';
export {
  createFolderStore,
  defineStore,
  nameInFolder,
  readSealedFolder,
  sealFolder,
  verifySealedFolder,
} from './store';
export type {
  AnnotationFolder,
  ArtifactId,
  Chain,
  ChainId,
  ChainRules,
  Claim,
  ClaimOutcome,
  ClaimRecord,
  FenceCheck,
  FolderStoreOptions,
  MadeGenerations,
  PublishedArtifact,
  PublishRequest,
  RecordId,
  Store,
  StoredArtifact,
  StoredGenerations,
  StorePart,
  StoreRules,
} from './store';
export type {
  AnnotationCost,
  AnnotationSession,
  Annotator,
  Assessment,
  Comparison,
  Finish,
  Judge,
  JudgeUse,
  Preference,
  PreferenceAnnotator,
  PreferenceItem,
  Problem,
  ProblemSet,
  Random,
  ComparedAnswer,
  Task,
  TaskContext,
} from './contracts/task';
export type { RecordPlace, RecordsFile, SourceRecord } from './contracts/records';
export { planCell } from './planning';
export type { CellPlan, Purchase, SweepPlan, UniqueStage } from './planning';
export { defineExperiment, defineSweep } from './definitions';
export {
  codeGeneration,
  defineTask,
  gradeSchoolMath,
  gradeSchoolMathDefaults,
  helpfulness,
  instructionFollowing,
  judgeBothOrders,
  lengthControlledWinRate,
  logicPuzzles,
  qualityJudge,
  summarization,
  syntheticDefaults,
} from './tasks';
export type {
  ItemScore,
  ItemAnnotator,
  ProgramJudge,
  RowSchema,
  TaskInput,
  TaskProblem,
  WinScore,
} from './tasks';
export { builtInTasks, connectWorker, createWorker, deviceSlots, ensureServer } from './workers';
export type { EmbeddedServer, ServerOptions, StageWorker, WorkerConnection, WorkerSettings } from './workers';
