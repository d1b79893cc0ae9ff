import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listServers } from '../../../workers';

export const root = resolve(__dirname, '..', '..', '..');
const executable = join(root, 'dist', 'cli', 'main.js');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Its output so far. */
  readonly printed: () => string;
  readonly ended: Promise<Ended>;
}

export interface CallOptions {
  readonly cwd?: string;
  /** Added to a small environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const passedThrough = ['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'LANG'];

function environment(changes: CallOptions['env']): NodeJS.ProcessEnv {
  const kept = passedThrough.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(
    [...kept, ...Object.entries(changes ?? {})].filter(([, value]) => value !== undefined),
  );
}

/** Starts the built executable. */
export function start(words: readonly string[], options: CallOptions = {}): Started {
  const child = spawn(process.execPath, [executable, ...words], {
    cwd: options.cwd ?? root,
    env: environment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...texts }));
  return { child, printed: () => texts.stdout + texts.stderr, ended };
}

/** Calls the built executable and waits for its end. */
export function call(words: readonly string[], options: CallOptions = {}): Promise<Ended> {
  return start(words, options).ended;
}

/** Paths of every file below a folder; empty if the folder does not exist. */
export function listFiles(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Every process of this host with its arguments and environment. */
function listProcesses(): { pid: number; text: string }[] {
  if (process.platform === 'linux') {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const textOf = (pid: string) => readOr(`/proc/${pid}/cmdline`) + readOr(`/proc/${pid}/environ`);
    return pids.map((pid) => ({ pid: Number(pid), text: textOf(pid) }));
  }
  const options = { encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  const lines = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], options).split('\n');
  return lines.map((text) => ({ pid: Number(/\d+/.exec(text)?.[0]), text }));
}

/** Processes with the home in their arguments or environment: workers, trainers and optionally the server. */
export async function processesOf(home: string, { server }: { server: boolean }): Promise<number[]> {
  const servers = (await listServers(home)).map(({ pid }) => pid);
  const mine = listProcesses().filter(({ pid, text }) => pid !== process.pid && text.includes(home));
  return mine.map(({ pid }) => pid).filter((pid) => server || !servers.includes(pid));
}
