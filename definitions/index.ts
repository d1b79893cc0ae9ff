export { defineExperiment, defineSweep, sweepOfOne } from './define';
export type { ExperimentInput, SweepInput } from './input';
export { readingOfFile } from './user-rows';
export type { DownloadProgress, HubOptions } from './hub';
export { previewUserRows, resolveDefinition, tryDefinition } from './resolve';
export type { ResolveOptions } from './resolve';
export type { TaskTrial, TriedAnswers, TriedExample } from './trial';
export { pinDefinitionMembers } from './members';
