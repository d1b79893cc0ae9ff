import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { endProcess, identifyProcess, isMissing, parentOf } from '../../store';

/** What a trainer writes into the lock of the device that it computes on (docs/protocol.md). */
const holder = z.object({ pid: z.int(), startTime: z.string().nullable(), parentPid: z.int() });

/** One folder a host, the same for all who look for a device here. */
const hostFolder = (): string => join(tmpdir(), 'budgetline-devices');

const safe = (name: string): string => name.replace(/[^\w-]+/g, '_').slice(0, 100);

export interface DeviceOptions {
  /** What the worker shows its trainers: CUDA_VISIBLE_DEVICES names a GPU, best by its UUID. */
  readonly env: Readonly<Record<string, string>>;
  /** BUDGETLINE_HOME. */
  readonly home: string;
  /** Trainers at once of this worker. */
  readonly slots: number;
}

/**
 * The locks of the devices that a worker's trainers may compute on, any one of them. A GPU is one device, whoever uses it.
 * Where there is none, a device is a slot of the processor: those of one home are numbered; another home on this host
 * has its own, since a processor, unlike the memory of a GPU, can be shared by programs that know nothing of each other.
 */
export function deviceLocks({ env, home, slots }: DeviceOptions): string[] {
  const gpu = env['CUDA_VISIBLE_DEVICES'] ?? '';
  if (gpu !== '') return [join(hostFolder(), safe(gpu))];
  const owner = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const count = Math.max(slots, availableParallelism());
  return Array.from({ length: count }, (_, slot) => join(hostFolder(), `cpu-${owner}-${slot}`));
}

async function readHolder(lock: string): Promise<z.infer<typeof holder> | undefined> {
  try {
    const numbers = (await readdir(lock)).filter((name) => /^\d{9}$/.test(name)).sort();
    const text = await readFile(join(lock, numbers.at(-1) ?? ''), 'utf8');
    return text === '' ? undefined : holder.parse(JSON.parse(text));
  } catch (error) {
    const nobody = isMissing(error) || error instanceof SyntaxError || error instanceof z.ZodError;
    if (nobody || (error as NodeJS.ErrnoException).code === 'EISDIR') return undefined;
    throw error;
  }
}

async function endOrphan(lock: string, graceMs: number): Promise<void> {
  const found = await readHolder(lock);
  if (found === undefined) return;
  const living = await identifyProcess(found.pid);
  if (living === undefined || living.startTime !== found.startTime) return;
  if ((await parentOf(found.pid)) === found.parentPid) return;
  await endProcess(living, { graceMs, group: true });
}

/**
 * Ends and awaits trainers that hold one of these devices and have lost their supervisor. One that runs ends by itself,
 * with a checkpoint; one that was stopped would keep its device for ever.
 */
export async function endOrphans(locks: readonly string[], graceMs: number): Promise<void> {
  await Promise.all(locks.map((lock) => endOrphan(lock, graceMs)));
}
