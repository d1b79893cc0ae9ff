export { connectWorker } from './connection';
export type { WorkerConnection } from './connection';
export { builtInTasks, createWorker, deviceSlots, workflowLimits } from './create-worker';
export type { StageWorker, WorkerSettings } from './create-worker';
export { ensureServer, listServers, stopServers } from './embedded-server';
export type { EmbeddedServer, ServerOptions, ServerStatus } from './embedded-server';
export { replayHistory } from './replay';
export { runWorkerProcess } from './worker-process';
export type { WorkerProcessOptions } from './worker-process';
