/** Building blocks for stage kinds, pipelines and workflows of yours. Loads only what the workflow sandbox allows. */
export { createStages } from './create-stages';
export type { StagesOptions, StageState } from './stages';
export type { MetricsOf, Stages } from '../stages/functions';
export { summarizeEvaluation } from './evaluation';
export { defaultOrchestration } from './orchestration';
export type { Orchestration } from './orchestration';
export { runConcurrently } from './concurrently';
export { allocationPipeline, type Pipeline, type PipelineCell, warmStart } from '../planning/pipeline';
export type { StageContext, StageParts } from '../stages/define';
export { defineStage, type StageRules } from '../stages/user-kinds';
export { baseModel, filePaths, outputOf, plainFacts, taskSource } from '../stages/parts';
export { poolSeed, stageSeed } from '../stages/keys';
export { sampledProvenance } from '../stages/synthesize-data/provenance';
export type { TaskSource } from '../stages/sources';
export { countRows, generating, noWork, optimiserSteps, training } from '../stages/work';
export { rowsResources, trainingResources } from '../stages/resources';
export type {
  BoughtDemonstrations,
  Demonstrations,
  Pairs,
  PlannedRows,
  PlannedStage,
  Samples,
  StageResources,
  StageSpec,
  Work,
} from '../contracts/stage';
