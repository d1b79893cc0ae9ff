import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { guardFiles } from './fs-errors';

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
 */
export async function ensureDir(path: string): Promise<string> {
  await guardFiles(path, () => Promise.resolve(mkdirSync(path, { recursive: true })));
  return path;
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
