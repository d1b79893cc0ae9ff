import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deviceLocks } from '../../activities/trainer-process/devices';
import { listCommands } from '../../workers/embedded-server/processes';

/** Trainers in the process table. */
export interface Sampled {
  readonly looks: number;
  /** The most trainers that computed at once. */
  readonly most: number;
  readonly devices: number;
  /** Violations: two trainers on one device, two of one job, a trainer without a device. */
  readonly violations: readonly string[];
}

interface Seen {
  readonly pid: number;
  readonly jobPath: string;
}

/** Whether it has loaded the runtime, by its memory map: a trainer that waits for a device or ends does not compute. */
function computes(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8').includes('onnxruntime');
  } catch {
    return process.platform !== 'linux';
  }
}

function listComputing(home: string): Seen[] {
  return listCommands().flatMap(({ pid, args }) => {
    const jobPath = args.find((argument) => argument.startsWith(home) && argument.endsWith('job.json'));
    return jobPath !== undefined && computes(pid) ? [{ pid, jobPath }] : [];
  });
}

function readLock(lock: string): number[] {
  try {
    const newest = readdirSync(lock)
      .filter((name) => /^\d{9}$/.test(name))
      .sort()
      .at(-1);
    return [(JSON.parse(readFileSync(join(lock, newest ?? ''), 'utf8')) as { pid: number }).pid];
  } catch {
    return [];
  }
}

/** Violations among trainers that computed both before and after the locks were read. */
function judge(both: readonly Seen[], holders: readonly number[], devices: number): string[] {
  const pids = both.map(({ pid }) => pid).join(', ');
  const lost = both.filter(({ pid }) => !holders.includes(pid));
  const jobs = new Set(both.map(({ jobPath }) => jobPath));
  return [
    ...(both.length > devices ? [`${both.length} trainers on ${devices} devices: ${pids}`] : []),
    ...(jobs.size < both.length ? [`one job has two trainers, among ${pids}`] : []),
    ...lost.map(({ pid }) => `trainer ${pid} computes on a device that it does not hold`),
  ];
}

/**
 * Samples which trainers of a home compute. It reads the process table and memory maps, so it does not depend on the
 * ledger.
 */
export class Sampler {
  #looks = 0;
  #most = 0;
  readonly #violations: string[] = [];
  readonly #locks: readonly string[];
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly home: string,
    everyMs = 150,
  ) {
    this.#locks = deviceLocks({ env: {}, home, slots: 1 });
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  #look(): void {
    const before = listComputing(this.home);
    const holders = this.#locks.flatMap(readLock);
    const after = new Set(listComputing(this.home).map(({ pid }) => pid));
    const both = before.filter(({ pid }) => after.has(pid));
    this.#looks += 1;
    this.#most = Math.max(this.#most, both.length);
    this.#violations.push(...judge(both, holders, this.#locks.length));
  }

  stop(): Sampled {
    clearInterval(this.#timer);
    return {
      looks: this.#looks,
      most: this.#most,
      devices: this.#locks.length,
      violations: this.#violations,
    };
  }
}

/** Processes of a home by their command lines: workers, trainers, and the server if its folder is in the home. */
export function listProcesses(home: string): number[] {
  const mine = listCommands().filter(({ args }) => args.some((argument) => argument.includes(home)));
  return mine.map(({ pid }) => pid).filter((pid) => pid !== process.pid);
}
