export { acquireExecutable, cacheFolder } from './executable';
export type { AcquireOptions } from './acquisition';
export type { Executable } from './executable';
export { findRunning, listServers, stopServers } from './control';
export type { ServerStatus } from './record';
export { ensureServer } from './server';
export type { EmbeddedServer, ServerOptions } from './server';
