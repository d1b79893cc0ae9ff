import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter } from 'node:path';
import type { Readable } from 'node:stream';
import { readEventLines } from '../activities/trainer-process/event-lines';
import { trainerEnvironment } from '../activities/trainer-process/environment';
import type { EventOf, TrainerEvent } from '../schemas/trainer-event';

/** A finished process of the executable. */
export interface Run {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly TrainerEvent[];
  /** Milliseconds from the start to each event. */
  readonly timesMs: readonly number[];
  /** Lines that are not events of the protocol, with reasons. */
  readonly foreign: readonly string[];
  readonly stderr: string;
  /** Whether it was killed after the time limit. */
  readonly timedOut: boolean;
}

export interface RunOptions {
  /** Called with each event while the process runs. */
  readonly onEvent?: (event: TrainerEvent, process: RunningTrainer) => void;
  /** false: no descriptor for events, so that they come on standard output. Default: true. */
  readonly eventsDescriptor?: boolean;
  /** Lock folders of the devices that it may use. */
  readonly deviceLocks?: readonly string[];
}

/** A running executable, as a check may disturb it. */
export interface RunningTrainer {
  signal(name: NodeJS.Signals): void;
  /** Closes standard input, as when the supervisor dies. */
  endInput(): void;
  /** Stops reading events, as when the reader dies. */
  closeEvents(): void;
}

export interface Executable {
  /** Program and first arguments. */
  readonly command: readonly string[];
  /** Time limit of a process. */
  readonly timeoutMs: number;
}

function environmentOf({ eventsDescriptor = true, deviceLocks = [] }: RunOptions): Record<string, string> {
  const { BUDGETLINE_EVENTS_FD = '', ...environment } = trainerEnvironment(process.env);
  return {
    ...environment,
    ...(eventsDescriptor ? { BUDGETLINE_EVENTS_FD } : {}),
    ...(deviceLocks.length === 0 ? {} : { BUDGETLINE_DEVICE_LOCKS: deviceLocks.join(delimiter) }),
  };
}

function startProcess({ command }: Executable, args: readonly string[], options: RunOptions): ChildProcess {
  const [program = '', ...first] = command;
  const withEvents = options.eventsDescriptor ?? true;
  return spawn(program, [...first, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', ...(withEvents ? (['pipe'] as const) : [])],
    env: environmentOf(options),
  });
}

function controlOf(child: ChildProcess, events: Readable): RunningTrainer {
  return {
    signal: (name) => void child.kill(name),
    endInput: () => child.stdin?.end(),
    closeEvents: () => events.destroy(),
  };
}

/** Starts the executable and waits for its end; kills it after the time limit. */
export async function runExecutable(
  executable: Executable,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const { onEvent, eventsDescriptor = true } = options;
  const startMs = performance.now();
  const child = startProcess(executable, args, options);
  const run = { events: [] as TrainerEvent[], timesMs: [] as number[], foreign: [] as string[], stderr: '' };
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, executable.timeoutMs);
  // The process may end while its standard input is open.
  child.stdin?.on('error', () => undefined);
  child.stderr?.on('data', (piece: Buffer) => (run.stderr += piece.toString()));
  if (eventsDescriptor) child.stdout?.resume();
  const events = (eventsDescriptor ? child.stdio[3] : child.stdout) as Readable;
  const control = controlOf(child, events);
  const reading = readEventLines(events, {
    onEvent(event) {
      run.events.push(event);
      run.timesMs.push(performance.now() - startMs);
      onEvent?.(event, control);
    },
    onForeignLine: (line, why) => run.foreign.push(`${line.slice(0, 120)} (${why})`),
  });
  try {
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
      child.once('error', fail);
      child.once('exit', (...end) => done(end));
    });
    await reading;
    return { ...run, status, signal, timedOut };
  } finally {
    clearTimeout(limit);
    child.kill('SIGKILL');
  }
}

export function eventsOf<E extends TrainerEvent['event']>({ events }: Run, kind: E): EventOf<E>[] {
  return events.filter((event): event is EventOf<E> => event.event === kind);
}
