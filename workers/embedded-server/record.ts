import { join } from 'node:path';
import { serverFolder } from '../../host/home';
import { isProcessAlive } from '../../store';
import type { ProcessIdentity } from '../../store';
import type { LockRecord } from './generation-lock';
import { fileId, openFiles } from './open-files';

/** The lock's record of a server, stored next to the database. */
export interface ServerRecord {
  readonly state: 'starting' | 'running' | 'stopped';
  /** The process that starts the server. If it dies, a lock in state "starting" is free. */
  readonly starter: ProcessIdentity | undefined;
  readonly server: ProcessIdentity | undefined;
  readonly port: number;
  readonly uiPort: number;
  readonly serverVersion: string;
  readonly executable: string;
}

/** The files of one server version. */
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
  /** Undefined if no process is running. */
  readonly pid: number | undefined;
  readonly databasePath: string;
  readonly logPath: string;
  /** Path of its `temporal` executable. */
  readonly program: string;
}

export const addressOf = (record: ServerRecord): string => `127.0.0.1:${record.port}`;
export const parseRecord = (lock: LockRecord): ServerRecord => JSON.parse(lock.text) as ServerRecord;

/** The folder of one server version: another version must not open its database. */
export function serverPlace(home: string, serverVersion: string): Place {
  const folder = serverFolder(home, serverVersion);
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
 * Whether a process has the database or log of this folder open. The record alone does not say: a copied
 * home has the original's record, and a home may be renamed while its server runs. The log is open from the
 * start, before the database is.
 */
export function serves(pid: number, { databasePath, logPath }: Place): boolean {
  const ours = [databasePath, logPath].map(fileId);
  return openFiles(pid).some(({ id }) => ours.includes(id));
}

/** Whether the recorded server process runs and uses this folder's database. It may still not answer. */
export async function isRunning(record: ServerRecord, place: Place): Promise<boolean> {
  const { state, server } = record;
  return state === 'running' && (await isAlive(server)) && serves(server?.pid ?? 0, place);
}
