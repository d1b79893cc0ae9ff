/** Building blocks for custom workflows. Loads only what the workflow sandbox allows. */
export { createStages } from './stages';
export type { Artifact, Stages, StagesOptions } from './stages';
export { summarizeEvaluation } from './evaluation';
export { defaultOrchestration } from './orchestration';
export type { Orchestration } from './orchestration';
export { runConcurrently } from './concurrently';
