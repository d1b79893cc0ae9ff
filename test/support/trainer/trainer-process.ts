import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { trainerEvent, type EventOf, type TrainerEvent } from '../../../schemas/trainer-event';
import type { TrainerJob } from '../../../schemas/trainer-job';

/** BUDGETLINE_TRAINER: another executable to test against the protocol. */
const executable =
  process.env['BUDGETLINE_TRAINER'] ??
  resolve(__dirname, '..', '..', '..', 'dist', 'bin', 'budgetline-trainer.js');

export interface TrainerRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly TrainerEvent[];
  readonly stderr: string;
}

export interface RunOptions {
  /** Called with each event while the process runs. */
  onEvent?(event: TrainerEvent, child: ChildProcess): void;
  /** Keeps standard input open as the keep-alive. */
  readonly keepAlive?: boolean;
  readonly environment?: Record<string, string>;
  /** Limit on the address space, in KiB. Default: none. */
  readonly addressSpaceKb?: number;
}

/** The executable, under the limit if there is one. */
function commandLine({ addressSpaceKb }: RunOptions): readonly [string, ...string[]] {
  const own = [process.execPath, executable] as const;
  if (addressSpaceKb === undefined) return own;
  return ['/bin/sh', '-c', `ulimit -v ${addressSpaceKb} && exec "$0" "$@"`, ...own];
}

/** Starts the built executable with events on descriptor 3. Every line must be an event of the protocol. */
export async function runTrainer(words: readonly string[], options: RunOptions = {}): Promise<TrainerRun> {
  if (!existsSync(executable)) throw new Error(`${executable} is missing: npm run build`);
  const keepAlive = options.keepAlive === true;
  const [program, ...first] = commandLine(options);
  const child = spawn(program, [...first, ...words], {
    stdio: [keepAlive ? 'pipe' : 'ignore', 'ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      BUDGETLINE_EVENTS_FD: '3',
      ...(keepAlive ? { BUDGETLINE_KEEP_ALIVE: '1' } : {}),
      ...options.environment,
    },
  });
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((done) =>
    child.once('close', (status, signal) => done([status, signal])),
  );
  let stderr = '';
  child.stderr?.on('data', (piece: Buffer) => (stderr += piece.toString()));
  const events: TrainerEvent[] = [];
  const input = child.stdio[3] as NodeJS.ReadableStream;
  const lines = createInterface({ input });
  input.once('close', () => lines.close());
  for await (const line of lines) {
    const event = trainerEvent.parse(JSON.parse(line));
    events.push(event);
    options.onEvent?.(event, child);
  }
  const [status, signal] = await ended;
  return { status, signal, events, stderr };
}

/** Writes the job file next to its work folder and runs it. */
export function runJob(job: TrainerJob, options: RunOptions = {}): Promise<TrainerRun> {
  const path = `${job.workDir}.job.json`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(job));
  return runTrainer([job.command, path], options);
}

export function eventsOf<E extends TrainerEvent['event']>(run: TrainerRun, kind: E): EventOf<E>[] {
  return run.events.filter((event): event is EventOf<E> => event.event === kind);
}

/** Kills the process as soon as it reports that step. */
export const killAt =
  (step: number): NonNullable<RunOptions['onEvent']> =>
  (event, child) => {
    if (event.event === 'metric' && event.step === step) child.kill('SIGKILL');
  };

export function writeRows(path: string, rows: readonly unknown[]): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

export function readRows<Row>(folder: string, name: string): Row[] {
  const lines = readFileSync(join(folder, name), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Row);
}
