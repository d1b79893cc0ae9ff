import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import { isOwnFolder, makeOwnFolder, readOwnFile } from '../../host/own-files';
import { guardFiles, identifyProcess, parentOf } from '../../store';
import { endOwnTrainer } from './own-trainer';

/** What a trainer writes into the lock of the device that it computes on (docs/protocol.md). */
const holder = z.object({ pid: z.int(), startTime: z.string().nullable(), parentPid: z.int() });

/** One folder for each user of a host: what is in it was put there by processes of the same user. */
const userFolder = (): string => join(tmpdir(), `budgetline-devices-${process.getuid?.() ?? 'user'}`);

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
  if (gpu !== '') return [join(userFolder(), safe(gpu))];
  const owner = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const count = Math.max(slots, availableParallelism());
  return Array.from({ length: count }, (_, slot) => join(userFolder(), `cpu-${owner}-${slot}`));
}

/** Makes the folders in which the locks lie. @throws STORE_UNWRITABLE where one is not this user's own. */
export async function prepareDeviceLocks(locks: readonly string[]): Promise<void> {
  for (const folder of new Set(locks.map((lock) => dirname(lock)))) {
    if (await guardFiles(folder, () => Promise.resolve(makeOwnFolder(folder)))) continue;
    throw new BudgetlineError('STORE_UNWRITABLE', `${folder} is not a folder of this user.`, {
      remedy: 'Have it removed, or set TMPDIR to another folder.',
      details: { path: folder },
    });
  }
}

async function readHolder(lock: string): Promise<z.infer<typeof holder> | undefined> {
  if (!isOwnFolder(lock)) return undefined;
  const numbers = (await readdir(lock)).filter((name) => /^\d{9}$/.test(name)).sort();
  try {
    return holder.parse(JSON.parse(readOwnFile(join(lock, numbers.at(-1) ?? '')) ?? ''));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

interface EndOptions {
  /** The folder in which the jobs of trainers lie that may be ended. */
  readonly folder: string;
  readonly graceMs: number;
}

async function endOrphan(lock: string, options: EndOptions): Promise<void> {
  const found = await readHolder(lock);
  if (found === undefined) return;
  const living = await identifyProcess(found.pid);
  if (living === undefined || living.startTime !== found.startTime) return;
  if ((await parentOf(found.pid)) !== found.parentPid) await endOwnTrainer(living, options);
}

/**
 * Ends and awaits trainers that hold one of these devices and have lost their supervisor. One that runs ends by itself,
 * with a checkpoint; one that was stopped would keep its device for ever.
 */
export async function endOrphans(locks: readonly string[], options: EndOptions): Promise<void> {
  await Promise.all(locks.map((lock) => endOrphan(lock, options)));
}
