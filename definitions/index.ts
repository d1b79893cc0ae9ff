export { defineExperiment, defineSweep, sweepOfOne } from './define';
export type { ExperimentInput, SweepInput } from './input';
export { readingOfFile } from './user-rows';
export type { DownloadProgress, HubOptions } from './hub';
export { previewUserRows, resolveDefinition } from './resolve';
export type { ResolveOptions } from './resolve';
export { pinDefinitionMembers } from './members';
