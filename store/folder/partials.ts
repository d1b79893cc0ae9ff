import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../host/fs-errors';
import { namesIn } from './artifacts';

/** A partial file that nobody wrote to for an hour belongs to a process that was killed. */
const abandonedMs = 60 * 60 * 1000;

/** The last write to a file, or to anything in a folder. */
async function lastWriteMs(path: string): Promise<number> {
  const found = await lstat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = await readdir(path, { recursive: true });
  const times = await Promise.all(entries.map(async (entry) => (await lstat(join(path, entry))).mtimeMs));
  return Math.max(found.mtimeMs, ...times);
}

async function removeIfAbandoned(path: string): Promise<void> {
  try {
    if ((await lastWriteMs(path)) + abandonedMs < Date.now())
      await rm(path, { recursive: true, force: true });
  } catch (error) {
    // Its writer has just finished.
    if (!isMissing(error)) throw error;
  }
}

/** Removes what killed processes left half-written in a folder. Other processes may be writing there. */
export async function removeAbandoned(folder: string): Promise<void> {
  const partial = (await namesIn(folder)).filter((name) => /^\..*\.partial$/.test(name));
  await Promise.all(partial.map((name) => removeIfAbandoned(join(folder, name))));
}
