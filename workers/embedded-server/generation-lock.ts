import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../../host/fs-errors';
import { createExclusive, replaceFile } from '../../host/whole-file';

/**
 * A lock with numbered holders: `NAME.<generation>.json`, created atomically and exclusively. A dead holder
 * is replaced by creating the next number, never by removing its file, so that two processes which both saw
 * it dead cannot both win.
 */
export interface LockRecord {
  readonly generation: number;
  readonly path: string;
  readonly text: string;
}

const pattern = (name: string): RegExp => new RegExp(`^${name}\\.(\\d+)\\.json$`);

function listGenerations(folder: string, name: string): number[] {
  const found = readdirSync(folder).flatMap((file) => pattern(name).exec(file)?.[1] ?? []);
  return found.map(Number).sort((a, b) => a - b);
}

const pathOf = (folder: string, name: string, generation: number): string =>
  join(folder, `${name}.${generation}.json`);

/** The record of the newest holder; undefined if there was none. */
export function readLock(folder: string, name: string): LockRecord | undefined {
  mkdirSync(folder, { recursive: true });
  for (;;) {
    const generation = listGenerations(folder, name).at(-1);
    if (generation === undefined) return undefined;
    const path = pathOf(folder, name, generation);
    try {
      return { generation, path, text: readFileSync(path, 'utf8') };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

/** Acquires the lock after a dead holder, or as the first one; undefined if another process was faster. */
export function acquireLock(options: {
  folder: string;
  name: string;
  after: LockRecord | undefined;
  text: string;
}): LockRecord | undefined {
  const { folder, name, text } = options;
  const generation = (options.after?.generation ?? 0) + 1;
  const path = pathOf(folder, name, generation);
  if (!createExclusive(path, text)) return undefined;
  const generations = listGenerations(folder, name);
  if (generations.at(-1) !== generation) {
    rmSync(path);
    return undefined;
  }
  for (const older of generations.slice(0, -1)) rmSync(pathOf(folder, name, older), { force: true });
  return { generation, path, text };
}

/** Replaces the holder's record atomically. */
export function rewriteLock(lock: LockRecord, text: string): void {
  replaceFile(lock.path, [text]);
}
