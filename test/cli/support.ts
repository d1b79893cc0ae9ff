import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listServers } from '../../workers';
import { listCommands } from '../../workers/embedded-server/processes';

export const root = resolve(__dirname, '..', '..');
const executable = join(root, 'dist', 'cli', 'main.js');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** All that it has printed so far. */
  readonly printed: () => string;
  readonly ended: Promise<Ended>;
}

export interface CallOptions {
  readonly cwd?: string;
  /** Added to a small environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const passedOn = ['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'LANG'];

function environment(changes: CallOptions['env']): NodeJS.ProcessEnv {
  const kept = passedOn.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(
    [...kept, ...Object.entries(changes ?? {})].filter(([, value]) => value !== undefined),
  );
}

/** Starts the built executable, as a shell would. */
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

/** Every file below a folder, by its path in it; nothing where there is no folder. */
export function listFiles(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

/** Workers and trainers of a home, and its server where asked: by the server's address and the home in their words. */
export async function processesOf(home: string, { server }: { server: boolean }): Promise<number[]> {
  const servers = await listServers(home);
  const words = [home, ...servers.map(({ address }) => address)];
  const mine = listCommands().filter(({ args }) =>
    words.some((word) => args.some((argument) => argument.includes(word))),
  );
  const serverPids = servers.map(({ pid }) => pid);
  return mine.map(({ pid }) => pid).filter((pid) => server || !serverPids.includes(pid));
}
