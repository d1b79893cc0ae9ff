import { join } from 'node:path';
import { isProcessAlive, storePaths } from '../../store';
import type { ProcessIdentity } from '../../store';
import type { Holding } from './generation-lock';

/** What the lock beside the database says of its holder. */
export interface ServerRecord {
  readonly state: 'starting' | 'running' | 'stopped';
  /** The process that starts the server; its death frees a lock that is still "starting". */
  readonly starter: ProcessIdentity | undefined;
  readonly server: ProcessIdentity | undefined;
  readonly port: number;
  readonly uiPort: number;
  readonly serverVersion: string;
  readonly executable: string;
}

/** Where one server version keeps its files. */
export interface Place {
  readonly folder: string;
  readonly databasePath: string;
  readonly logPath: string;
}

export const addressOf = (record: ServerRecord): string => `127.0.0.1:${record.port}`;
export const uiUrlOf = (record: ServerRecord): string => `http://localhost:${record.uiPort}`;
export const parseRecord = (holding: Holding): ServerRecord => JSON.parse(holding.text) as ServerRecord;

/** The folder of one server version: a database of one version is not opened by another. */
export function serverPlace(home: string, serverVersion: string): Place {
  const folder = storePaths(home).temporal(serverVersion);
  return { folder, databasePath: join(folder, 'temporal.db'), logPath: join(folder, 'server.log') };
}

async function isAlive(identity: ProcessIdentity | undefined): Promise<boolean> {
  return identity !== undefined && (await isProcessAlive(identity)) === true;
}

/** Whether another process is starting the server now. */
export async function isStarting(record: ServerRecord): Promise<boolean> {
  return record.state === 'starting' && (await isAlive(record.starter));
}

/** Whether the recorded server's process is there; it may still be deaf. */
export async function isRunning(record: ServerRecord): Promise<boolean> {
  return record.state === 'running' && (await isAlive(record.server));
}
