/** Building blocks for stage kinds, pipelines and workflows of yours. Loads only what the workflow sandbox allows. */
export { createStages } from './stages';
export type { Artifact, Stages, StagesOptions } from './stages';
export { summarizeEvaluation } from './evaluation';
export { defaultOrchestration } from './orchestration';
export type { Orchestration } from './orchestration';
export { runConcurrently } from './concurrently';
export { definePipeline, type Pipeline } from '../planning/pipeline';
export type { StageContext, StageParts } from '../stages/define';
export { defineStage, type StageRules } from '../stages/user-kinds';
export { baseModel, filePaths, outputOf, plainFacts, taskSource } from '../stages/parts';
export { poolSeed, stageSeed } from '../stages/keys';
export { sampledProvenance } from '../stages/synthesize-data/provenance';
export type { StagePlanners } from '../stages/trace';
export type { TaskSource } from '../stages/sources';
export { countRows, generating, noWork, optimiserSteps, training } from '../stages/work';
export type { PlannedRows, PlannedStage, StageSpec, Work } from '../contracts/stage';
