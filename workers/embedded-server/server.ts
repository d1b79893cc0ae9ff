import { spawn, type SpawnOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { embeddedEnvironment } from '../../connection';
import { BudgetlineError } from '../../core/failures';
import { childEnvironment } from '../../host/child-environment';
import { ensureDir, ensureHome } from '../../host/durable-files';
import { keeperPath } from '../../host/package-files';
import { endProcess, identifyOwnProcess, identifyProcess } from '../../store';
import { findRunning } from './control';
import type { Executable } from './executable';
import { acquireExecutable } from './executable';
import { readLock, rewriteLock, acquireLock } from './generation-lock';
import type { LockRecord } from './generation-lock';
import { hasLostDatabase } from './open-files';
import { choosePorts } from './ports';
import { answerLimitMs, answers, configureServer } from './probe';
import { findProcesses } from './processes';
import { addressOf, describeServer, isRunning, isStarting, parseRecord, serverPlace, serves } from './record';
import type { Place, ServerRecord, ServerStatus } from './record';

const startLimitMs = 60_000;
const otherStartLimitMs = 120_000;
/** A server that cannot listen ends within this time. */
const settleMs = 300;

/** A Temporal server that answers. */
export interface EmbeddedServer extends ServerStatus {
  readonly pid: number;
  /** An environment that configures this server, for clients and workers. */
  readonly env: NodeJS.ProcessEnv;
  /** True if this call started it. */
  readonly started: boolean;
  /** How the executable was found; null if the server was already running. */
  readonly acquired: Executable | null;
}

export interface ServerOptions {
  /** BUDGETLINE_HOME. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (text: string) => void;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Longest path that SQLite opens, less the endings of its journals. */
const longestDatabasePath = 500;

function assertPathFits({ databasePath }: Place): void {
  const bytes = Buffer.byteLength(databasePath);
  if (bytes <= longestDatabasePath) return;
  throw new BudgetlineError(
    'STORE_UNWRITABLE',
    `The path of the Temporal server's database has ${bytes} bytes; SQLite opens at most ${longestDatabasePath}: ${databasePath}`,
    { remedy: 'Set BUDGETLINE_HOME to a shorter path.', details: { path: databasePath } },
  );
}

function serverArguments(place: Place, ports: { port: number; uiPort: number }): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn'],
    ...['--port', String(ports.port), '--ui-port', String(ports.uiPort)],
    // A write-ahead log needs one disk flush per transaction instead of three.
    ...['--db-filename', place.databasePath, '--sqlite-pragma', 'journal_mode=wal'],
    ...['--dynamic-config-value', 'matching.enableFairness=true'],
  ];
}

/** Starts a process that outlives this one. Returns its id, 0 if it cannot start. */
function spawnDetached(program: string, args: string[], options: SpawnOptions): number {
  const child = spawn(program, args, { ...options, detached: true });
  child.on('error', () => undefined);
  child.unref();
  return child.pid ?? 0;
}

/** The server and its keeper are configured by arguments alone. */
function spawnServer(executable: string, place: Place, args: string[], parent: NodeJS.ProcessEnv): number {
  const env = childEnvironment(parent);
  const log = openSync(place.logPath, 'w');
  const pid = spawnDetached(executable, args, { cwd: place.folder, env, stdio: ['ignore', log, log] });
  closeSync(log);
  if (pid !== 0)
    spawnDetached(process.execPath, [keeperPath, String(pid)], { cwd: '/', env, stdio: 'ignore' });
  return pid;
}

/** A port that was free may be taken by the time the server listens, when two homes start at once. */
function failedStart(place: Place): BudgetlineError {
  const lines = readFileSync(place.logPath, 'utf8').trim().split('\n');
  const reason = lines.find((line) => /error|panic/i.test(line)) ?? lines.at(-1) ?? '';
  const code = reason.includes('address already in use') ? 'PORT_IN_USE' : 'TEMPORAL_MISSING';
  return new BudgetlineError(code, `The Temporal server did not start: ${reason}`, {
    remedy: `Read ${place.logPath}, and run \`budgetline server start\` again.`,
    details: { logPath: place.logPath },
  });
}

/**
 * The answer may come from another home's server on the port that ours fails to get. Ours is the one that
 * stays.
 */
async function awaitAnswer(record: ServerRecord, place: Place): Promise<void> {
  for (const deadline = Date.now() + startLimitMs; ;) {
    const answered = await answers(addressOf(record), 1_000);
    await sleep(answered ? settleMs : 100);
    if (!(await isRunning(record, place)) || Date.now() > deadline) throw failedStart(place);
    if (answered) return;
  }
}

/** Ends servers of this folder without a lock record: their starter died before it could write one. */
async function endStrays(place: Place): Promise<void> {
  const servers = await findProcesses(['start-dev']);
  const named = new Set((await findProcesses(['start-dev', place.databasePath])).map(({ pid }) => pid));
  const strays = servers.filter(({ pid }) => serves(pid, place) || (named.has(pid) && hasLostDatabase(pid)));
  await Promise.all(strays.map((stray) => endProcess(stray, { graceMs: 5_000 })));
}

async function start(lock: LockRecord, record: ServerRecord, options: ServerOptions): Promise<ServerRecord> {
  const place = serverPlace(options.home, record.serverVersion);
  await endStrays(place);
  const pid = spawnServer(record.executable, place, serverArguments(place, record), options.env);
  const running: ServerRecord = { ...record, state: 'running', server: await identifyProcess(pid) };
  try {
    await awaitAnswer(running, place);
    await configureServer(addressOf(running), startLimitMs);
  } catch (error) {
    if (running.server !== undefined) await endProcess(running.server, { graceMs: 1_000 });
    rewriteLock(lock, JSON.stringify({ ...record, state: 'stopped' }));
    throw error;
  }
  rewriteLock(lock, JSON.stringify(running));
  return running;
}

/** Undefined if another process was faster, or took the port: look again. */
async function lockAndStart(
  after: LockRecord | undefined,
  executable: Executable,
  options: ServerOptions,
): Promise<ServerRecord | undefined> {
  const ports = await choosePorts({
    required: options.env['BUDGETLINE_TEMPORAL_PORT'],
    previous: after === undefined ? undefined : parseRecord(after).port,
  });
  const record: ServerRecord = {
    state: 'starting',
    starter: await identifyOwnProcess(),
    server: undefined,
    ...ports,
    serverVersion: executable.serverVersion,
    executable: executable.path,
  };
  const { folder } = serverPlace(options.home, executable.serverVersion);
  const lock = acquireLock({ folder, name: 'server', after, text: JSON.stringify(record) });
  if (lock === undefined) return undefined;
  try {
    return await start(lock, record, options);
  } catch (error) {
    const chosenHere = (options.env['BUDGETLINE_TEMPORAL_PORT'] ?? '') === '';
    if (chosenHere && isPortInUse(error)) return undefined;
    throw error;
  }
}

const isPortInUse = (error: unknown): boolean =>
  error instanceof BudgetlineError && error.code === 'PORT_IN_USE';

/** Whether the recorded server can be used. Ends it if it no longer answers. */
async function isUsable(record: ServerRecord, place: Place): Promise<boolean> {
  if (!(await isRunning(record, place))) return false;
  if (await answers(addressOf(record), answerLimitMs)) return true;
  if (record.server !== undefined) await endProcess(record.server, { graceMs: 2_000 });
  return false;
}

/** Waits while another process starts the server. */
async function awaitOtherStart(place: Place): Promise<void> {
  for (const deadline = Date.now() + otherStartLimitMs; ;) {
    const lock = readLock(place.folder, 'server');
    if (lock === undefined || !(await isStarting(parseRecord(lock)))) return;
    await sleep(100);
    if (Date.now() < deadline) continue;
    const pid = parseRecord(lock).starter?.pid ?? 0;
    throw new BudgetlineError('TEMPORAL_MISSING', `Process ${pid} hangs while it starts the server.`, {
      remedy: `End process ${pid} and try again.`,
    });
  }
}

function toServer(
  server: ServerStatus,
  { env }: ServerOptions,
  how: Pick<EmbeddedServer, 'started' | 'acquired'>,
): EmbeddedServer {
  const { pid = 0, address } = server;
  return { ...server, pid, env: embeddedEnvironment(env, address), ...how };
}

/** A server of this version; starts it unless it is running. */
async function startVersion(acquired: Executable, options: ServerOptions): Promise<EmbeddedServer> {
  const place = serverPlace(options.home, acquired.serverVersion);
  assertPathFits(place);
  await ensureHome(options.home);
  await ensureDir(place.folder);
  const serverOf = (record: ServerRecord, started: boolean): EmbeddedServer =>
    toServer(describeServer(record, place, 'running'), options, { started, acquired });
  for (;;) {
    await awaitOtherStart(place);
    const lock = readLock(place.folder, 'server');
    const record = lock === undefined ? undefined : parseRecord(lock);
    if (record !== undefined && (await isUsable(record, place))) return serverOf(record, false);
    const started = await lockAndStart(lock, acquired, options);
    if (started !== undefined) return serverOf(started, true);
  }
}

/**
 * The one Temporal server of a BUDGETLINE_HOME: attaches to a running one of any version, or starts one. It
 * keeps running when this process ends.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE
 */
export async function ensureServer(options: ServerOptions): Promise<EmbeddedServer> {
  const running = await findRunning(options.home);
  if (running !== undefined) return toServer(running, options, { started: false, acquired: null });
  return startVersion(await acquireExecutable(options), options);
}
