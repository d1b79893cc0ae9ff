import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter } from 'node:path';
import type { Readable } from 'node:stream';
import { readEventLines } from '../activities/trainer-process/event-lines';
import { trainerEnvironment } from '../activities/trainer-process/environment';
import type { EventOf, TrainerEvent } from '../schemas/trainer-event';

/** What a started executable did. */
export interface Run {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly TrainerEvent[];
  /** Milliseconds from the start to each event. */
  readonly timesMs: readonly number[];
  /** Lines that are no events of the protocol, and why. */
  readonly foreign: readonly string[];
  readonly stderr: string;
  /** Whether it had to be killed because it did not end in time. */
  readonly overdue: boolean;
}

export interface RunOptions {
  /** Called with each event while the process runs. */
  readonly onEvent?: (event: TrainerEvent, process: RunningTrainer) => void;
  /** false: no descriptor of its own is opened for events, which then come on standard output. */
  readonly ownDescriptor?: boolean;
  /** Locks of the devices that it may compute on. */
  readonly deviceLocks?: readonly string[];
}

/** What a check may do to a running executable. */
export interface RunningTrainer {
  signal(name: NodeJS.Signals): void;
  /** Ends standard input, as the death of a supervisor does. */
  endInput(): void;
  /** Stops reading events, as the death of a reader does. */
  closeEvents(): void;
}

export interface Executable {
  /** Program and first arguments. */
  readonly command: readonly string[];
  /** Longest life of a process. */
  readonly patienceMs: number;
}

function environmentOf({ ownDescriptor = true, deviceLocks = [] }: RunOptions): Record<string, string> {
  const { BUDGETLINE_EVENTS_FD = '', ...environment } = trainerEnvironment(process.env);
  return {
    ...environment,
    ...(ownDescriptor ? { BUDGETLINE_EVENTS_FD } : {}),
    ...(deviceLocks.length === 0 ? {} : { BUDGETLINE_DEVICE_LOCKS: deviceLocks.join(delimiter) }),
  };
}

function startProcess({ command }: Executable, args: readonly string[], options: RunOptions): ChildProcess {
  const [program = '', ...first] = command;
  const own = options.ownDescriptor ?? true;
  return spawn(program, [...first, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', ...(own ? (['pipe'] as const) : [])],
    env: environmentOf(options),
  });
}

function steer(child: ChildProcess, events: Readable): RunningTrainer {
  return {
    signal: (name) => void child.kill(name),
    endInput: () => child.stdin?.end(),
    closeEvents: () => events.destroy(),
  };
}

/** Starts the executable and waits for its end; one that outlives the patience is killed. */
export async function runExecutable(
  executable: Executable,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const { onEvent, ownDescriptor = true } = options;
  const begunMs = performance.now();
  const child = startProcess(executable, args, options);
  const run = { events: [] as TrainerEvent[], timesMs: [] as number[], foreign: [] as string[], stderr: '' };
  let overdue = false;
  const limit = setTimeout(() => {
    overdue = true;
    child.kill('SIGKILL');
  }, executable.patienceMs);
  // A process that ends while it is written to is no fault of the check.
  child.stdin?.on('error', () => undefined);
  child.stderr?.on('data', (piece: Buffer) => (run.stderr += piece.toString()));
  if (ownDescriptor) child.stdout?.resume();
  const events = (ownDescriptor ? child.stdio[3] : child.stdout) as Readable;
  const steering = steer(child, events);
  const reading = readEventLines(events, {
    onEvent(event) {
      run.events.push(event);
      run.timesMs.push(performance.now() - begunMs);
      onEvent?.(event, steering);
    },
    onForeignLine: (line, why) => run.foreign.push(`${line.slice(0, 120)} (${why})`),
  });
  try {
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
      child.once('error', fail);
      child.once('exit', (...end) => done(end));
    });
    await reading;
    return { ...run, status, signal, overdue };
  } finally {
    clearTimeout(limit);
    child.kill('SIGKILL');
  }
}

export function eventsOf<E extends TrainerEvent['event']>({ events }: Run, kind: E): EventOf<E>[] {
  return events.filter((event): event is EventOf<E> => event.event === kind);
}
