import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { BudgetlineError } from '../../contracts/failures';
import { endProcess, identifyOwnProcess, identifyProcess } from '../../store';
import type { Executable } from './executable';
import { acquireExecutable } from './executable';
import { readHolding, rewriteHolding, takeHolding } from './generation-lock';
import type { Holding } from './generation-lock';
import { choosePorts } from './ports';
import { answers, furnishServer } from './probe';
import { findProcesses } from './processes';
import { addressOf, isRunning, isStarting, parseRecord, serverPlace, uiUrlOf } from './record';
import type { Place, ServerRecord } from './record';

const startLimitMs = 60_000;
const otherStartLimitMs = 120_000;
/** Longer than a server lives that cannot listen. */
const settleMs = 300;
/** How long a server that has its process may be silent before it counts as lost. */
export const answerLimitMs = 10_000;

/** A Temporal server that answers. */
export interface EmbeddedServer {
  readonly address: string;
  readonly uiUrl: string;
  readonly serverVersion: string;
  readonly pid: number;
  readonly databasePath: string;
  readonly logPath: string;
  /** True where this call started it. */
  readonly started: boolean;
  readonly executable: Executable;
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
    if (!(await isRunning(record)) || Date.now() > deadline) throw failedStart(place);
    if (answered) return;
  }
}

/** Servers on this database that no lock speaks of: their starter died before it could write it down. */
async function endStrays(place: Place): Promise<void> {
  const strays = await findProcesses(['start-dev', place.databasePath]);
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
async function isUsable(record: ServerRecord): Promise<boolean> {
  if (!(await isRunning(record))) return false;
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
  record: ServerRecord,
  place: Place,
  executable: Executable,
  started: boolean,
): EmbeddedServer {
  return {
    address: addressOf(record),
    uiUrl: uiUrlOf(record),
    serverVersion: record.serverVersion,
    pid: record.server?.pid ?? 0,
    databasePath: place.databasePath,
    logPath: place.logPath,
    started,
    executable,
  };
}

/**
 * The one Temporal server of a BUDGETLINE_HOME: attaches to it where it runs, else starts it. It goes on when this
 * process ends.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE.
 */
export async function ensureServer(options: ServerOptions): Promise<EmbeddedServer> {
  const executable = await acquireExecutable(options);
  const place = serverPlace(options.home, executable.serverVersion);
  createFolder(place.folder);
  for (;;) {
    await awaitOtherStart(place);
    const holding = readHolding(place.folder, 'server');
    const record = holding === undefined ? undefined : parseRecord(holding);
    if (record !== undefined && (await isUsable(record))) return toServer(record, place, executable, false);
    const started = await claimAndStart(holding, executable, options);
    if (started !== undefined) return toServer(started, place, executable, true);
  }
}
