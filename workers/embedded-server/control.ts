import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from '../../store';
import { readHolding, rewriteHolding } from './generation-lock';
import { answers } from './probe';
import { addressOf, isRunning, isStarting, parseRecord, serverPlace, uiUrlOf } from './record';
import type { ServerRecord } from './record';
import { answerLimitMs } from './server';

/** What `budgetline server status` tells of one server folder. */
export interface ServerStatus {
  readonly serverVersion: string;
  readonly state: 'running' | 'silent' | 'starting' | 'stopped';
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number | undefined;
  readonly databasePath: string;
}

async function readState(record: ServerRecord): Promise<ServerStatus['state']> {
  if (await isStarting(record)) return 'starting';
  if (!(await isRunning(record))) return 'stopped';
  return (await answers(addressOf(record), answerLimitMs)) ? 'running' : 'silent';
}

async function readStatus(home: string, serverVersion: string): Promise<ServerStatus[]> {
  const place = serverPlace(home, serverVersion);
  const holding = readHolding(place.folder, 'server');
  if (holding === undefined) return [];
  const record = parseRecord(holding);
  const { databasePath } = place;
  const known = { serverVersion, address: addressOf(record), uiUrl: uiUrlOf(record) };
  return [{ ...known, state: await readState(record), pid: record.server?.pid, databasePath }];
}

function listVersions(home: string): string[] {
  const folder = join(home, 'temporal');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** The servers that a BUDGETLINE_HOME has had, one a server version. */
export async function listServers(home: string): Promise<ServerStatus[]> {
  const all = await Promise.all(listVersions(home).map((version) => readStatus(home, version)));
  return all.flat();
}

async function stopServer(home: string, serverVersion: string): Promise<number | undefined> {
  const holding = readHolding(serverPlace(home, serverVersion).folder, 'server');
  if (holding === undefined) return undefined;
  const record = parseRecord(holding);
  if (!(await isRunning(record)) || record.server === undefined) return undefined;
  await endProcess(record.server, { graceMs: 10_000 });
  rewriteHolding(holding, JSON.stringify({ ...record, state: 'stopped' }));
  return record.server.pid;
}

/** Ends the servers of a BUDGETLINE_HOME and resolves to their process numbers. Their databases stay. */
export async function stopServers(home: string): Promise<number[]> {
  const stopped = await Promise.all(listVersions(home).map((version) => stopServer(home, version)));
  return stopped.flatMap((pid) => pid ?? []);
}
