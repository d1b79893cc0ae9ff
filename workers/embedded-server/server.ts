import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { embeddedEnvironment } from '../../connection';
import { BudgetlineError } from '../../contracts/failures';
import { endProcess, identifyOwnProcess, identifyProcess } from '../../store';
import { findRunning } from './control';
import type { Executable } from './executable';
import { acquireExecutable } from './executable';
import { readHolding, rewriteHolding, takeHolding } from './generation-lock';
import type { Holding } from './generation-lock';
import { openFiles } from './open-files';
import { choosePorts } from './ports';
import { answerLimitMs, answers, furnishServer } from './probe';
import { findProcesses } from './processes';
import { addressOf, describeServer, isRunning, isStarting, parseRecord, serverPlace, serves } from './record';
import type { Place, ServerRecord, ServerStatus } from './record';

const startLimitMs = 60_000;
const otherStartLimitMs = 120_000;
/** Longer than a server lives that cannot listen. */
const settleMs = 300;

/** A Temporal server that answers. */
export interface EmbeddedServer extends ServerStatus {
  readonly pid: number;
  /** An environment that configures this server, for clients and workers. */
  readonly env: NodeJS.ProcessEnv;
  /** True where this call started it. */
  readonly started: boolean;
  /** How the program was found; null where the server ran already. */
  readonly acquired: Executable | null;
}

export interface ServerOptions {
  /** BUDGETLINE_HOME. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (text: string) => void;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new BudgetlineError('STORE_UNWRITABLE', `The folder ${folder} cannot be made.`, { cause });
  }
}

function serverArguments(place: Place, ports: { port: number; uiPort: number }): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn'],
    ...['--port', String(ports.port), '--ui-port', String(ports.uiPort)],
    // A log that is written ahead takes one flush of the disk a transaction in place of three.
    ...['--db-filename', place.databasePath, '--sqlite-pragma', 'journal_mode=wal'],
    ...['--dynamic-config-value', 'matching.enableFairness=true'],
  ];
}

/** The server's own settings come from its arguments alone, and nothing of ours is its business: our keys least of all. */
function serverEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TEMPORAL|BUDGETLINE)_/.test(name)));
}

function spawnServer(executable: string, place: Place, args: string[], env: NodeJS.ProcessEnv): number {
  const log = openSync(place.logPath, 'w');
  const child = spawn(executable, args, {
    cwd: place.folder,
    env: serverEnvironment(env),
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.on('error', () => undefined);
  child.unref();
  closeSync(log);
  return child.pid ?? 0;
}

/** A port that was free when it was chosen may be taken by the time the server listens: two homes start at once. */
function failedStart(place: Place): BudgetlineError {
  const lines = readFileSync(place.logPath, 'utf8').trim().split('\n');
  const reason = lines.find((line) => /error|panic/i.test(line)) ?? lines.at(-1) ?? '';
  const code = reason.includes('address already in use') ? 'PORT_IN_USE' : 'TEMPORAL_MISSING';
  return new BudgetlineError(code, `The Temporal server did not start: ${reason}`, {
    remedy: `Read ${place.logPath}, and run \`budgetline server start\` again.`,
    details: { logPath: place.logPath },
  });
}

/** What answers may be another home's server on the port that ours is failing to get: ours is one that stays. */
async function awaitAnswer(record: ServerRecord, place: Place): Promise<void> {
  for (const deadline = Date.now() + startLimitMs; ;) {
    const answered = await answers(addressOf(record), 1_000);
    await sleep(answered ? settleMs : 100);
    if (!(await isRunning(record, place)) || Date.now() > deadline) throw failedStart(place);
    if (answered) return;
  }
}

/** Whether the database of a server was removed: with the home, in whose place there is another now. */
const hasLostDatabase = (pid: number): boolean =>
  !openFiles(pid).some(({ path, links }) => path.endsWith('/temporal.db') && links > 0);

/** Servers of this folder that no lock speaks of: their starter died before it could write it down. */
async function endStrays(place: Place): Promise<void> {
  const servers = await findProcesses(['start-dev']);
  const named = new Set((await findProcesses(['start-dev', place.databasePath])).map(({ pid }) => pid));
  const strays = servers.filter(({ pid }) => serves(pid, place) || (named.has(pid) && hasLostDatabase(pid)));
  await Promise.all(strays.map((stray) => endProcess(stray, { graceMs: 5_000 })));
}

async function start(holding: Holding, record: ServerRecord, options: ServerOptions): Promise<ServerRecord> {
  const place = serverPlace(options.home, record.serverVersion);
  await endStrays(place);
  const pid = spawnServer(record.executable, place, serverArguments(place, record), options.env);
  const running: ServerRecord = { ...record, state: 'running', server: await identifyProcess(pid) };
  try {
    await awaitAnswer(running, place);
    await furnishServer(addressOf(running), startLimitMs);
  } catch (error) {
    if (running.server !== undefined) await endProcess(running.server, { graceMs: 1_000 });
    rewriteHolding(holding, JSON.stringify({ ...record, state: 'stopped' }));
    throw error;
  }
  rewriteHolding(holding, JSON.stringify(running));
  return running;
}

/** Undefined where another process was faster, or took the port: there is something new to look at. */
async function claimAndStart(
  after: Holding | undefined,
  executable: Executable,
  options: ServerOptions,
): Promise<ServerRecord | undefined> {
  const ports = await choosePorts({
    wanted: options.env['BUDGETLINE_TEMPORAL_PORT'],
    before: after === undefined ? undefined : parseRecord(after).port,
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
  const holding = takeHolding({ folder, name: 'server', after, text: JSON.stringify(record) });
  if (holding === undefined) return undefined;
  try {
    return await start(holding, record, options);
  } catch (error) {
    const chosenHere = (options.env['BUDGETLINE_TEMPORAL_PORT'] ?? '') === '';
    if (chosenHere && isPortInUse(error)) return undefined;
    throw error;
  }
}

const isPortInUse = (error: unknown): boolean =>
  error instanceof BudgetlineError && error.code === 'PORT_IN_USE';

/** Whether the recorded server can be used; ends one that is ours and no longer answers. */
async function isUsable(record: ServerRecord, place: Place): Promise<boolean> {
  if (!(await isRunning(record, place))) return false;
  if (await answers(addressOf(record), answerLimitMs)) return true;
  if (record.server !== undefined) await endProcess(record.server, { graceMs: 2_000 });
  return false;
}

/** Waits while another process starts the server. */
async function awaitOtherStart(place: Place): Promise<void> {
  for (const deadline = Date.now() + otherStartLimitMs; ;) {
    const holding = readHolding(place.folder, 'server');
    if (holding === undefined || !(await isStarting(parseRecord(holding)))) return;
    await sleep(100);
    if (Date.now() < deadline) continue;
    const pid = parseRecord(holding).starter?.pid ?? 0;
    throw new BudgetlineError('TEMPORAL_MISSING', `Process ${pid} began to start the server and hangs.`, {
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

/** A server of this version, started where it does not run by now. */
async function startVersion(acquired: Executable, options: ServerOptions): Promise<EmbeddedServer> {
  const place = serverPlace(options.home, acquired.serverVersion);
  createFolder(place.folder);
  const serverOf = (record: ServerRecord, started: boolean): EmbeddedServer =>
    toServer(describeServer(record, place, 'running'), options, { started, acquired });
  for (;;) {
    await awaitOtherStart(place);
    const holding = readHolding(place.folder, 'server');
    const record = holding === undefined ? undefined : parseRecord(holding);
    if (record !== undefined && (await isUsable(record, place))) return serverOf(record, false);
    const started = await claimAndStart(holding, acquired, options);
    if (started !== undefined) return serverOf(started, true);
  }
}

/**
 * The one Temporal server of a BUDGETLINE_HOME: attaches to the one that runs, whatever its version, else starts one. It
 * goes on when this process ends.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE.
 */
export async function ensureServer(options: ServerOptions): Promise<EmbeddedServer> {
  const running = await findRunning(options.home);
  if (running !== undefined) return toServer(running, options, { started: false, acquired: null });
  return startVersion(await acquireExecutable(options), options);
}
