import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { BudgetlineError } from '../../core/failures';
import { guardFiles } from '../../host/fs-errors';
import { signalProcess } from '../../store';

export interface SpawnOptions {
  /** Program and first arguments; started without a shell. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** File to which standard output and standard error are appended. */
  readonly logPath: string;
}

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running trainer in a process group of its own. */
export interface SpawnedTrainer {
  readonly pid: number;
  readonly events: Readable;
  readonly ended: Promise<ProcessEnd>;
  /** Offset in the log where this process's output begins. */
  readonly logOffset: number;
  signal(name: NodeJS.Signals): void;
}

function startFailure(program: string, error: unknown): BudgetlineError {
  return new BudgetlineError('INPUT_MISSING', `The training executable ${program} cannot be started.`, {
    remedy: 'Build it with "npm run build", or name the command that starts it.',
    details: { path: program },
    cause: error,
  });
}

async function awaitStart(child: ChildProcess, program: string): Promise<number> {
  await once(child, 'spawn').catch((error: unknown) => {
    throw startFailure(program, error);
  });
  if (child.pid === undefined) throw startFailure(program, undefined);
  return child.pid;
}

function spawnDetached(options: SpawnOptions, log: FileHandle): ChildProcess {
  const [program = '', ...first] = options.command;
  const child = spawn(program, [...first, ...options.args], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    shell: false,
    // Standard input stays open while this process lives: when it closes, the trainer knows that its
    // supervisor died.
    stdio: ['pipe', log.fd, log.fd, 'pipe'],
  });
  child.stdin?.on('error', () => undefined);
  return child;
}

/** Starts a trainer. @throws INPUT_MISSING if the program does not exist */
export async function spawnTrainer(options: SpawnOptions): Promise<SpawnedTrainer> {
  const log = await guardFiles(options.logPath, () => open(options.logPath, 'a'));
  try {
    const logOffset = (await log.stat()).size;
    const child = spawnDetached(options, log);
    const ended = new Promise<ProcessEnd>((done) => {
      child.once('exit', (exitCode, signal) => done({ exitCode, signal }));
    });
    const pid = await awaitStart(child, options.command[0] ?? '');
    const events = child.stdio[3] as Readable;
    return { pid, events, ended, logOffset, signal: (name) => void signalProcess(pid, name, true) };
  } finally {
    await log.close();
  }
}
