import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { isOwnFolder, makeOwnFolder, readOwnFile } from '../../host/own-files';
import { guardFiles } from '../../host/fs-errors';
import { identifyProcess, parentOf } from '../../store';
import { endOwnTrainer } from './own-trainer';

/** What a trainer writes into the lock of its device (docs/protocol.md). */
const holder = z.object({ pid: z.int(), startTime: z.string().nullable(), parentPid: z.int() });

/** One folder per user: only processes of the same user write there. */
const userFolder = (): string => join(tmpdir(), `budgetline-devices-${process.getuid?.() ?? 'user'}`);

const safe = (name: string): string => name.replace(/[^\w-]+/g, '_').slice(0, 100);

export interface DeviceOptions {
  /** The trainers' environment. CUDA_VISIBLE_DEVICES names a GPU, preferably by UUID. */
  readonly env: Readonly<Record<string, string>>;
  /** BUDGETLINE_HOME. */
  readonly home: string;
  /** Trainers that this worker runs at once. */
  readonly slots: number;
}

/**
 * Locks of the devices that a worker's trainers may use; a trainer takes any one. A GPU is one device for
 * all users of the host. Without a GPU, a device is a numbered CPU slot of one home: other homes have their
 * own slots, because a CPU, unlike GPU memory, can be shared.
 */
export function deviceLocks({ env, home, slots }: DeviceOptions): string[] {
  const gpu = env['CUDA_VISIBLE_DEVICES'] ?? '';
  if (gpu !== '') return [join(userFolder(), safe(gpu))];
  const owner = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const count = Math.max(slots, availableParallelism());
  return Array.from({ length: count }, (_, slot) => join(userFolder(), `cpu-${owner}-${slot}`));
}

/** Creates the folders of the locks. @throws STORE_UNWRITABLE if one belongs to another user */
export async function prepareDeviceLocks(locks: readonly string[]): Promise<void> {
  for (const folder of new Set(locks.map((lock) => dirname(lock)))) {
    if (await guardFiles(folder, () => Promise.resolve(makeOwnFolder(folder)))) continue;
    throw new BudgetlineError('STORE_UNWRITABLE', `${folder} is not a folder of this user.`, {
      remedy: 'Remove it, or set TMPDIR to another folder.',
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
  /** Only trainers with a job in this folder may be ended. */
  readonly folder: string;
  readonly graceMs: number;
}

async function endOrphan(lock: string, options: EndOptions): Promise<void> {
  const found = await readHolder(lock);
  if (found === undefined) return;
  const running = await identifyProcess(found.pid);
  if (running === undefined || running.startTime !== found.startTime) return;
  if ((await parentOf(found.pid)) !== found.parentPid) await endOwnTrainer(running, options);
}

/**
 * Ends and awaits trainers that hold one of these devices and have lost their supervisor. A running one
 * ends by itself with a checkpoint; a stopped one (SIGSTOP) would keep its device for ever.
 */
export async function endOrphans(locks: readonly string[], options: EndOptions): Promise<void> {
  await Promise.all(locks.map((lock) => endOrphan(lock, options)));
}
