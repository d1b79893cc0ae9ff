import { existsSync, readdirSync } from 'node:fs';
import { serversFolder } from '../../host/home';
import { endProcess } from '../../store';
import { readLock, rewriteLock } from './generation-lock';
import { answerLimitMs, answers } from './probe';
import { addressOf, describeServer, isRunning, isStarting, parseRecord, serverPlace } from './record';
import type { Place, ServerRecord, ServerStatus } from './record';

async function readState(record: ServerRecord, place: Place): Promise<ServerStatus['state']> {
  if (await isStarting(record)) return 'starting';
  if (!(await isRunning(record, place))) return 'stopped';
  return (await answers(addressOf(record), answerLimitMs)) ? 'running' : 'silent';
}

async function readStatus(home: string, serverVersion: string): Promise<ServerStatus[]> {
  const place = serverPlace(home, serverVersion);
  const lock = readLock(place.folder, 'server');
  if (lock === undefined) return [];
  const record = parseRecord(lock);
  return [describeServer(record, place, await readState(record, place))];
}

const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true });

function listVersions(home: string): string[] {
  const folder = serversFolder(home);
  return existsSync(folder) ? readdirSync(folder).sort(newestFirst) : [];
}

/** The servers of a BUDGETLINE_HOME, one per server version, newest first. */
export async function listServers(home: string): Promise<ServerStatus[]> {
  const all = await Promise.all(listVersions(home).map((version) => readStatus(home, version)));
  return all.flat();
}

/**
 * The running server of a BUDGETLINE_HOME, for all commands: the newest version if there are several.
 * Undefined if none answers.
 */
export async function findRunning(home: string): Promise<ServerStatus | undefined> {
  return (await listServers(home)).find(({ state }) => state === 'running');
}

async function stopServer(home: string, serverVersion: string): Promise<number | undefined> {
  const place = serverPlace(home, serverVersion);
  const lock = readLock(place.folder, 'server');
  if (lock === undefined) return undefined;
  const record = parseRecord(lock);
  if (!(await isRunning(record, place)) || record.server === undefined) return undefined;
  await endProcess(record.server, { graceMs: 10_000 });
  rewriteLock(lock, JSON.stringify({ ...record, state: 'stopped' }));
  return record.server.pid;
}

/** Ends the servers of a BUDGETLINE_HOME and returns their process ids. Their databases stay. */
export async function stopServers(home: string): Promise<number[]> {
  const stopped = await Promise.all(listVersions(home).map((version) => stopServer(home, version)));
  return stopped.flatMap((pid) => pid ?? []);
}
