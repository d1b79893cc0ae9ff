import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { guardFiles } from './fs-errors';

/** Makes a file's or folder's present content survive a loss of power. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a folder with its parents; STORE_UNWRITABLE or DISK_FULL where that cannot be. By the blocking call: the
 * promised one says ENOENT of a full disk.
 */
export async function ensureDir(path: string): Promise<string> {
  await guardFiles(path, () => Promise.resolve(mkdirSync(path, { recursive: true })));
  return path;
}

/** Writes and syncs a file of this very name; whoever needs atomicity renames or links it afterwards. */
export async function writeSynced(path: string, data: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name beside `path` that nobody else uses, for writing before renaming. */
export function siblingName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
}

/** Replaces a file in one step: after a crash it holds the old bytes or the new ones, never half of them. */
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
 * Adds lines behind what a file has, which need not end in a newline: two that add at once lose nothing. Where the disk is
 * full, the file is what it was.
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
