import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BudgetlineError } from '../core/failures';
import { errnoOf, guardFiles } from './fs-errors';

/** Flushes a file or folder to the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a folder with its parents. @throws STORE_UNWRITABLE, DISK_FULL. Uses the blocking call, because
 * the promise-based one reports ENOENT on a full disk.
 *
 * @param mode of the folders that it creates. Default: by the process's mask
 */
export async function ensureDir(path: string, mode?: number): Promise<string> {
  await guardFiles(path, () => Promise.resolve(mkdirSync(path, { recursive: true, mode })));
  return path;
}

/**
 * Creates a home that only its user may read: it holds prompts, answers and the server's database. A home that is there
 * keeps its mode, since a group may share it. @throws STORE_UNWRITABLE, DISK_FULL
 */
export async function ensureHome(home: string): Promise<string> {
  await ensureDir(dirname(home));
  return ensureDir(home, 0o700);
}

/** Writes and syncs a new file. For atomicity, rename or link it afterwards. */
export async function writeSynced(path: string, data: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A unique name in the folder of `path`, for writing before renaming. */
export function siblingName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
}

/** The error where a file system has no hard links, by which exactly one of several processes takes a name. */
function withoutLinks(path: string, cause: unknown): BudgetlineError {
  return new BudgetlineError(
    'STORE_UNWRITABLE',
    `${dirname(path)} is on a file system without hard links, which claims and locks need.`,
    {
      remedy: 'Put BUDGETLINE_HOME on one with hard links, for example ext4, XFS, APFS or NFS.',
      details: { path },
      cause,
    },
  );
}

const linkRefusals = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Gives a file a second name, unless it is taken: EEXIST. @throws STORE_UNWRITABLE without hard links */
export function linkFile(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    throw linkRefusals.includes(errnoOf(error) ?? '') ? withoutLinks(to, error) : error;
  }
}

/** Replaces a file atomically: after a crash it has the old content or the new one. */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const partial = siblingName(path);
  await guardFiles(path, async () => {
    try {
      await writeSynced(partial, data);
      await rename(partial, path);
      await syncPath(dirname(path));
    } finally {
      await rm(partial, { force: true });
    }
  });
}

/**
 * Appends lines, after adding a missing final newline. Concurrent appends lose nothing. On a full disk, the
 * file stays unchanged.
 */
export async function appendLines(path: string, lines: readonly string[]): Promise<void> {
  await guardFiles(path, async () => {
    const handle = await open(path, 'a+');
    try {
      const { size } = await handle.stat();
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
      const begin = size === 0 || buffer.toString() === '\n' ? '' : '\n';
      const text = begin + lines.map((line) => `${line}\n`).join('');
      await handle.appendFile(text).catch(async (error: unknown) => {
        await handle.truncate(size);
        throw error;
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}
