import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventOf, TrainerEvent } from '../../schemas/trainer-event';
import { endOrphans, prepareDeviceLocks } from './devices';
import { readEventLines } from './event-lines';
import { endOlderTrainer, forgetTrainer, recordTrainer } from './pid-file';
import { watchWork, type Stall, type WorkLimits } from './work-watch';
import { spawnTrainer, type ProcessEnd, type SpawnedTrainer } from './spawn';

export interface SuperviseLimits extends WorkLimits {
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

export interface SuperviseOptions {
  readonly command: readonly string[];
  /** Arguments after the program: the trainer's command and its job file. */
  readonly args: readonly string[];
  /** Holds events.jsonl, stderr.log and the trainer's process id. */
  readonly runDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Locks of the devices that the trainer may use. Default: none. */
  readonly deviceLocks?: readonly string[];
  readonly limits: SuperviseLimits;
  /** Asks the trainer for a checkpoint and an end. */
  readonly stop: AbortSignal;
  /** Ends the trainer at once, because another worker has the claim. */
  readonly kill: AbortSignal;
  onEvent?(event: TrainerEvent): void;
  /** Called when the trainer stalled and is being ended. */
  onStall?(): void;
}

/** How a trainer ended. */
export interface TrainerExit extends ProcessEnd {
  readonly hello: EventOf<'hello'> | undefined;
  readonly result: EventOf<'result'> | undefined;
  readonly error: EventOf<'error'> | undefined;
  /** The first violation of the protocol. */
  readonly violation: string | undefined;
  /** Last reported value; null if none was reported. */
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
  /** Set if the trainer was ended because of a stall. */
  readonly stalled: Stall | undefined;
  /** Whether it was asked to stop. */
  readonly stopRequested: boolean;
  readonly wallMs: number;
  /** The end of what it wrote to standard error. */
  readonly stderrTail: string;
  readonly stderrPath: string;
}

const tailBytes = 2000;
/** How long to wait if the process left its event descriptor to a child. */
const drainMs = 2000;

async function readTail(path: string, from: number): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - tailBytes);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    await handle.read(buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trim();
  } finally {
    await handle.close();
  }
}

/** Calls `act` when the signal fires, or now if it has. Returns a function that removes the listener. */
function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  signal.addEventListener('abort', act);
  return () => signal.removeEventListener('abort', act);
}

/** Events so far, and the first violation of the protocol. */
interface ReceivedEvents {
  hello?: EventOf<'hello'>;
  result?: EventOf<'result'>;
  error?: EventOf<'error'>;
  violation?: string;
  cpuMs?: number;
  peakMemoryBytes?: number;
}

function note(received: ReceivedEvents, event: TrainerEvent): void {
  // A job that cannot be read has only an error event; heartbeats may come at any time.
  if (received.hello === undefined && !['hello', 'error', 'heartbeat'].includes(event.event))
    received.violation ??= `its first event is "${event.event}" and not "hello"`;
  if ('cpuMs' in event && event.cpuMs !== undefined) received.cpuMs = event.cpuMs;
  if ('peakMemoryBytes' in event && event.peakMemoryBytes !== undefined)
    received.peakMemoryBytes = event.peakMemoryBytes;
  if (event.event === 'hello') received.hello = event;
  if (event.event === 'result') received.result = event;
  if (event.event === 'error') received.error = event;
}

/** Supervises one trainer by signals, timers and its events. */
class Supervision {
  readonly received: ReceivedEvents = {};
  stalled: Stall | undefined;
  stopRequested = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: SuperviseOptions,
    private readonly child: SpawnedTrainer,
  ) {}

  /** SIGTERM, a grace, SIGKILL. */
  end(): void {
    if (this.#killTimer !== undefined) return;
    this.child.signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.child.signal('SIGKILL'), this.options.limits.graceMs);
  }

  stall(stall: Stall): void {
    // After a stop request the trainer writes its checkpoint; the grace time limits that.
    if (this.#killTimer !== undefined) return;
    this.stalled = stall;
    this.options.onStall?.();
    this.end();
  }

  violate(why: string): void {
    this.received.violation ??= why;
    this.end();
  }

  /** Waits until the process has ended. */
  async follow(): Promise<ProcessEnd> {
    const { options, child } = this;
    const log = createWriteStream(join(options.runDir, 'events.jsonl'), { flags: 'a' });
    // On a full disk the trainer itself reports a code; this copy of its events may then be incomplete.
    log.on('error', () => undefined);
    const watch = watchWork(options.limits, (stall) => this.stall(stall));
    const lines = readEventLines(child.events, {
      onEvent: (event, line) => {
        watch.received(event);
        note(this.received, event);
        if (event.event === 'heartbeat') return;
        log.write(`${line}\n`);
        options.onEvent?.(event);
      },
      onForeignLine: (line, why) =>
        this.violate(`of its event line ${JSON.stringify(line.slice(0, 80))}, ${why}`),
    });
    const forget = [
      onAbort(options.stop, () => {
        this.stopRequested = true;
        this.end();
      }),
      onAbort(options.kill, () => child.signal('SIGKILL')),
    ];
    const end = await child.ended;
    watch.stop();
    clearTimeout(this.#killTimer);
    await Promise.race([lines, sleep(drainMs, undefined, { ref: false })]);
    for (const remove of forget) remove();
    child.events.destroy();
    await new Promise<void>((done) => log.end(done));
    return end;
  }
}

/** Adds the device locks to the environment. */
function withDevices({ env, deviceLocks = [] }: SuperviseOptions): Record<string, string> {
  return deviceLocks.length === 0 ? env : { ...env, BUDGETLINE_DEVICE_LOCKS: deviceLocks.join(delimiter) };
}

/** Ends and awaits trainers that earlier supervisors on this host left in the run folder or on the devices. */
async function endOlder({ runDir, deviceLocks = [], limits }: SuperviseOptions): Promise<void> {
  await endOlderTrainer(runDir, limits.graceMs);
  await prepareDeviceLocks(deviceLocks);
  await endOrphans(deviceLocks, { folder: dirname(runDir), graceMs: limits.graceMs });
}

/**
 * Runs one trainer process to its end; `judgeExit` then decides whether it succeeded. First ends and awaits
 * older trainers in the same run folder, and those on its devices that have lost their supervisor.
 */
export async function superviseTrainer(options: SuperviseOptions): Promise<TrainerExit> {
  const { runDir, command, args } = options;
  const stderrPath = join(runDir, 'stderr.log');
  await endOlder(options);
  const startedMs = performance.now();
  const env = withDevices(options);
  const child = await spawnTrainer({ command, args, env, cwd: runDir, logPath: stderrPath });
  const supervision = new Supervision(options, child);
  const [end] = await Promise.all([supervision.follow(), recordTrainer(runDir, child.pid)]);
  await forgetTrainer(runDir);
  const { hello, result, error, violation, cpuMs = null, peakMemoryBytes = null } = supervision.received;
  const used = { cpuMs, peakMemoryBytes };
  const { stalled, stopRequested } = supervision;
  const wallMs = performance.now() - startedMs;
  const stderrTail = await readTail(stderrPath, child.logOffset);
  const reported = { hello, result, error, violation };
  return { ...end, ...reported, ...used, stalled, stopRequested, wallMs, stderrTail, stderrPath };
}
