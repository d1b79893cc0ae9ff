export { defineExperiment, defineSweep, sweepOfOne } from './define';
export { readingOfFile } from './given';
export type { DownloadProgress, HubOptions } from './hub';
export { previewGiven, resolveDefinition } from './resolve';
export type { ResolveOptions } from './resolve';
