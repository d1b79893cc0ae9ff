export { acquireExecutable, cacheFolder } from './executable';
export type { AcquireOptions } from './acquisition';
export type { Executable } from './executable';
export { listServers, stopServers } from './control';
export type { ServerStatus } from './control';
export { ensureServer } from './server';
export type { EmbeddedServer, ServerOptions } from './server';
