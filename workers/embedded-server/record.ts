import { join } from 'node:path';
import { isProcessAlive, storePaths } from '../../store';
import type { ProcessIdentity } from '../../store';
import type { Holding } from './generation-lock';
import { fileId, openFiles } from './open-files';

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

/** One server of a home, as `budgetline server status` shows it. */
export interface ServerStatus {
  readonly serverVersion: string;
  readonly state: 'running' | 'silent' | 'starting' | 'stopped';
  readonly address: string;
  readonly uiUrl: string;
  /** Undefined where no process serves. */
  readonly pid: number | undefined;
  readonly databasePath: string;
  readonly logPath: string;
  /** Path of its `temporal`. */
  readonly program: string;
}

export const addressOf = (record: ServerRecord): string => `127.0.0.1:${record.port}`;
export const parseRecord = (holding: Holding): ServerRecord => JSON.parse(holding.text) as ServerRecord;

/** The folder of one server version: a database of one version is not opened by another. */
export function serverPlace(home: string, serverVersion: string): Place {
  const folder = storePaths(home).temporal(serverVersion);
  return { folder, databasePath: join(folder, 'temporal.db'), logPath: join(folder, 'server.log') };
}

export function describeServer(
  record: ServerRecord,
  { databasePath, logPath }: Place,
  state: ServerStatus['state'],
): ServerStatus {
  const { serverVersion, uiPort, executable: program, server } = record;
  const pid = state === 'running' || state === 'silent' ? server?.pid : undefined;
  const reached = { address: addressOf(record), uiUrl: `http://localhost:${uiPort}` };
  return { serverVersion, state, pid, ...reached, databasePath, logPath, program };
}

async function isAlive(identity: ProcessIdentity | undefined): Promise<boolean> {
  return identity !== undefined && (await isProcessAlive(identity)) === true;
}

/** Whether another process is starting the server now. */
export async function isStarting(record: ServerRecord): Promise<boolean> {
  return record.state === 'starting' && (await isAlive(record.starter));
}

/**
 * Whether a process serves the database of this very folder. A copied home has the record of the original's server, and a
 * home may be renamed while its server runs: so neither the record nor a path says it, but the files that the process has
 * open. Its log is open from its first moment, before the database is.
 */
export function serves(pid: number, { databasePath, logPath }: Place): boolean {
  const ours = [databasePath, logPath].map(fileId);
  return openFiles(pid).some(({ id }) => ours.includes(id));
}

/** Whether the recorded server's process is there and serves this folder's database; it may still be deaf. */
export async function isRunning(record: ServerRecord, place: Place): Promise<boolean> {
  const { state, server } = record;
  return state === 'running' && (await isAlive(server)) && serves(server?.pid ?? 0, place);
}
