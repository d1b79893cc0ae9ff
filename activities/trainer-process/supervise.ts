import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventOf, TrainerEvent } from '../../schemas/trainer-event';
import { endOrphans, prepareDeviceLocks } from './devices';
import { readEventLines } from './event-lines';
import { endOlderTrainer, forgetTrainer, recordTrainer } from './pid-file';
import { watchSilence, type Silence, type SilenceLimits } from './silence';
import { spawnTrainer, type ProcessEnd, type SpawnedTrainer } from './spawn';

export interface SuperviseLimits extends SilenceLimits {
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

export interface SuperviseOptions {
  readonly command: readonly string[];
  /** What follows the command: the trainer's command and its job file. */
  readonly args: readonly string[];
  /** Holds events.jsonl, stderr.log and the trainer's process id. */
  readonly runDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Locks of the devices that it may compute on; none to be held where there are none. */
  readonly deviceLocks?: readonly string[];
  readonly limits: SuperviseLimits;
  /** Asks for a checkpoint and an end. */
  readonly stop: AbortSignal;
  /** Ends the trainer at once: somebody else has the work. */
  readonly kill: AbortSignal;
  onEvent?(event: TrainerEvent): void;
  /** The trainer has been silent for too long; it is being ended. */
  onStall?(): void;
}

/** What is known of a trainer that has ended. */
export interface TrainerExit extends ProcessEnd {
  readonly hello: EventOf<'hello'> | undefined;
  readonly result: EventOf<'result'> | undefined;
  readonly error: EventOf<'error'> | undefined;
  /** What broke the protocol first. */
  readonly violation: string | undefined;
  /** As it last said; null where it said nothing of it before it ended. */
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
  /** Of one that was ended for it. */
  readonly stalled: Silence | undefined;
  /** Whether it was asked to stop. */
  readonly stopAsked: boolean;
  readonly wallMs: number;
  /** The end of what it wrote to standard error. */
  readonly stderrTail: string;
  readonly stderrPath: string;
}

const tailBytes = 2000;
/** How long a process that left its event descriptor to a child may keep us waiting. */
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

/** Runs `act` now or when the signal fires; gives the function that takes the listener away. */
function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  signal.addEventListener('abort', act);
  return () => signal.removeEventListener('abort', act);
}

/** Events so far, and the first thing that broke the protocol. */
interface Heard {
  hello?: EventOf<'hello'>;
  result?: EventOf<'result'>;
  error?: EventOf<'error'>;
  violation?: string;
  cpuMs?: number;
  peakMemoryBytes?: number;
}

function note(heard: Heard, event: TrainerEvent): void {
  // A job that cannot be read has no hello, only its error.
  if (heard.hello === undefined && event.event !== 'hello' && event.event !== 'error')
    heard.violation ??= `its first event is "${event.event}" and not "hello"`;
  if ('cpuMs' in event && event.cpuMs !== undefined) heard.cpuMs = event.cpuMs;
  if ('peakMemoryBytes' in event && event.peakMemoryBytes !== undefined)
    heard.peakMemoryBytes = event.peakMemoryBytes;
  if (event.event === 'hello') heard.hello = event;
  if (event.event === 'result') heard.result = event;
  if (event.event === 'error') heard.error = event;
}

/** One trainer's life: what it is told to do by signals, timers and its own events. */
class Supervision {
  readonly heard: Heard = {};
  stalled: Silence | undefined;
  stopAsked = false;
  #insist: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: SuperviseOptions,
    private readonly child: SpawnedTrainer,
  ) {}

  /** SIGTERM, a grace, SIGKILL. */
  end(): void {
    if (this.#insist !== undefined) return;
    this.child.signal('SIGTERM');
    this.#insist = setTimeout(() => this.child.signal('SIGKILL'), this.options.limits.graceMs);
  }

  stall(silence: Silence): void {
    // One that was asked to stop is writing its checkpoint: its silence is no stall, and the grace bounds it.
    if (this.#insist !== undefined) return;
    this.stalled = silence;
    this.options.onStall?.();
    this.end();
  }

  violate(why: string): void {
    this.heard.violation ??= why;
    this.end();
  }

  /** Follows the process to its end. */
  async follow(): Promise<ProcessEnd> {
    const { options, child } = this;
    const log = createWriteStream(join(options.runDir, 'events.jsonl'), { flags: 'a' });
    // The trainer itself meets a full disk, and says so with a code; our copy of its events may be short then.
    log.on('error', () => undefined);
    const silence = watchSilence(options.limits, (silence) => this.stall(silence));
    const lines = readEventLines(child.events, {
      onEvent: (event, line) => {
        silence.heard(event);
        note(this.heard, event);
        log.write(`${line}\n`);
        options.onEvent?.(event);
      },
      onForeignLine: (line, why) =>
        this.violate(`of its event line ${JSON.stringify(line.slice(0, 80))}, ${why}`),
    });
    const forget = [
      onAbort(options.stop, () => {
        this.stopAsked = true;
        this.end();
      }),
      onAbort(options.kill, () => child.signal('SIGKILL')),
    ];
    const end = await child.ended;
    silence.stop();
    clearTimeout(this.#insist);
    await Promise.race([lines, sleep(drainMs, undefined, { ref: false })]);
    for (const remove of forget) remove();
    child.events.destroy();
    await new Promise<void>((done) => log.end(done));
    return end;
  }
}

/** The environment, and in it the devices of which the trainer takes one. */
function withDevices({ env, deviceLocks = [] }: SuperviseOptions): Record<string, string> {
  return deviceLocks.length === 0 ? env : { ...env, BUDGETLINE_DEVICE_LOCKS: deviceLocks.join(delimiter) };
}

/** Ends and awaits what earlier supervisors of this host left: in the same run folder, or on one of the devices. */
async function endOlder({ runDir, deviceLocks = [], limits }: SuperviseOptions): Promise<void> {
  await endOlderTrainer(runDir, limits.graceMs);
  await prepareDeviceLocks(deviceLocks);
  await endOrphans(deviceLocks, { folder: dirname(runDir), graceMs: limits.graceMs });
}

/**
 * Runs one trainer process to its end, whatever end that is; what it means is `judgeExit`'s to say. An older trainer of
 * this host in the same run folder is ended and awaited first, and one on its devices that has lost its supervisor.
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
  const { hello, result, error, violation, cpuMs = null, peakMemoryBytes = null } = supervision.heard;
  const used = { cpuMs, peakMemoryBytes };
  const { stalled, stopAsked } = supervision;
  const wallMs = performance.now() - startedMs;
  const stderrTail = await readTail(stderrPath, child.logOffset);
  const said = { hello, result, error, violation };
  return { ...end, ...said, ...used, stalled, stopAsked, wallMs, stderrTail, stderrPath };
}
