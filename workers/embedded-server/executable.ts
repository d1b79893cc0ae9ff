import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { BudgetlineError } from '../../core/failures';
import { identifyOwnProcess, isProcessAlive } from '../../store';
import type { ProcessIdentity } from '../../store';
import type { AcquireOptions } from './acquisition';
import { readLock, rewriteLock, acquireLock } from './generation-lock';
import type { LockRecord } from './generation-lock';
import { buildWithGo, goVersion } from './go-build';
import { downloadWithSdk } from './sdk-download';

/** The Temporal executable, and where it was found. */
export interface Executable {
  readonly path: string;
  /** Version of the server inside, e.g. "1.29.1". A build with Go has no version of its own. */
  readonly serverVersion: string;
  readonly how: 'path' | 'cache' | 'download' | 'go-build';
  /** Milliseconds that finding or building it took. */
  readonly acquisitionMs: number;
}

type Found = Pick<Executable, 'path' | 'serverVersion' | 'how'>;

/** The user's cache folder for Budgetline. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'budgetline');
  const parts = process.platform === 'darwin' ? ['Library', 'Caches'] : ['.cache'];
  return join(env['HOME'] ?? homedir(), ...parts, 'budgetline');
}

/** The version of the server in a `temporal` executable; undefined if it cannot run a server. */
async function readServerVersion(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 15_000 });
    return /\(Server (\d[\w.-]*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function pathCandidates(env: NodeJS.ProcessEnv): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'temporal')).filter(isExecutable);
}

const { compare } = new Intl.Collator('en', { numeric: true });

/** Sorts v1.9.0 before v1.10.0, and v1.10.0-rc.1 between them. */
function byVersion(a: string, b: string): number {
  const [releaseA = '', releaseB = ''] = [a, b].map((name) => name.replace(/(?<=\d)-.*$/, ''));
  return compare(releaseA, releaseB) || Number(a === releaseA) - Number(b === releaseB) || compare(a, b);
}

/** Executables in the cache folder, newest first. */
function cacheCandidates(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((version) => !version.startsWith('partial-'))
    .sort((a, b) => byVersion(b, a))
    .map((version) => join(folder, version, 'temporal'))
    .filter(isExecutable);
}

async function firstThatServes(paths: string[], how: Found['how']): Promise<Found | undefined> {
  for (const path of paths) {
    const serverVersion = await readServerVersion(path);
    if (serverVersion !== undefined) return { path, serverVersion, how };
  }
  return undefined;
}

async function findExecutable(env: NodeJS.ProcessEnv, folder: string): Promise<Found | undefined> {
  return (
    (await firstThatServes(pathCandidates(env), 'path')) ??
    (await firstThatServes(cacheCandidates(folder), 'cache'))
  );
}

function missing(reason: string): BudgetlineError {
  return new BudgetlineError(
    'TEMPORAL_MISSING',
    `There is no \`temporal\` on PATH or in the cache folder, and it could not be fetched: ${reason}.`,
    { details: { reason } },
  );
}

async function makeExecutable(folder: string, options: AcquireOptions): Promise<Found> {
  const download = await downloadWithSdk(folder, options);
  const downloaded = await firstThatServes(download.path === undefined ? [] : [download.path], 'download');
  if (downloaded !== undefined) return downloaded;
  const go = await goVersion(options.env);
  if (go === undefined) throw missing(`${download.reason}; Go is not installed`);
  options.onProgress(`Temporal cannot be downloaded (${download.reason}); building it with ${go}.`);
  const build = await buildWithGo(folder, options);
  const built = await firstThatServes(build.path === undefined ? [] : [build.path], 'go-build');
  if (built === undefined) throw missing(`${download.reason}; ${build.reason}`);
  return built;
}

async function readFetcher(lock: LockRecord | undefined): Promise<ProcessIdentity | undefined> {
  const fetcher = JSON.parse(lock?.text ?? 'null') as ProcessIdentity | null;
  return fetcher !== null && (await isProcessAlive(fetcher)) === true ? fetcher : undefined;
}

/** The fetch lock, or undefined after waiting for another process that has it. */
async function acquireFetchLock(
  folder: string,
  onProgress: (text: string) => void,
): Promise<LockRecord | undefined> {
  const after = readLock(folder, 'fetch');
  const fetcher = await readFetcher(after);
  if (fetcher === undefined) {
    const text = JSON.stringify(await identifyOwnProcess());
    return acquireLock({ folder, name: 'fetch', after, text });
  }
  onProgress(`Waiting for process ${fetcher.pid}, which is fetching Temporal.`);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return undefined;
}

async function fetchExecutable(folder: string, options: AcquireOptions): Promise<Found> {
  if (options.env['BUDGETLINE_TEMPORAL_FETCH'] === 'never')
    throw missing('BUDGETLINE_TEMPORAL_FETCH is "never"');
  mkdirSync(folder, { recursive: true });
  for (;;) {
    const fetchLock = await acquireFetchLock(folder, options.onProgress);
    const found = await findExecutable(options.env, folder);
    if (found !== undefined) return found;
    if (fetchLock === undefined) continue;
    try {
      return await makeExecutable(folder, options);
    } finally {
      rewriteLock(fetchLock, 'null');
    }
  }
}

/**
 * Finds a `temporal` executable: on PATH, in the user's cache folder, by the SDK's download, by a build
 * with Go.
 *
 * @throws BudgetlineError TEMPORAL_MISSING if none of these works
 */
export async function acquireExecutable(options: AcquireOptions): Promise<Executable> {
  const begin = performance.now();
  const folder = join(cacheFolder(options.env), 'temporal');
  const found = (await findExecutable(options.env, folder)) ?? (await fetchExecutable(folder, options));
  return { ...found, acquisitionMs: performance.now() - begin };
}
