import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import { makeOwnFolder, readOwnFile } from '../../host/own-files';
import { startTimeOf } from '../../host/process-start';
import { createExclusive } from '../../host/whole-file';

/** The process that holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly startTime: string | null;
  /** Its parent when it took the lock; if it has another one now, its supervisor is gone. */
  readonly parentPid: number;
}

export interface LockOptions {
  /** Whether the lock belongs to this user only: files of other users and links are ignored. */
  readonly own: boolean;
}

/** Releases a lock. */
export type Unlock = () => void;

/**
 * A lock is a folder of numbered files; the highest number counts. Its file names the holder; an empty file means free. A
 * process takes the lock by linking a complete file to the next number, which succeeds for one process only, even if
 * several find a dead holder at once. Numbers are never reused, since a released file is emptied and stays.
 */
const fileName = (number: number): string => String(number).padStart(9, '0');

function listNumbers(folder: string): number[] {
  const names = readdirSync(folder).filter((name) => /^\d{9}$/.test(name));
  return names.map(Number).sort((a, b) => a - b);
}

const highest = (folder: string): number => listNumbers(folder).at(-1) ?? 0;

function readHolder(path: string, { own }: LockOptions): Holder | null {
  try {
    return JSON.parse((own ? readOwnFile(path) : readFileSync(path, 'utf8')) ?? '') as Holder;
  } catch {
    // Released, removed or incomplete.
    return null;
  }
}

/** The living process that holds a lock, or null. */
function livingHolder(folder: string, number: number, options: LockOptions): Holder | null {
  const holder = number === 0 ? null : readHolder(join(folder, fileName(number)), options);
  if (holder === null || holder.startTime === null) return null;
  return startTimeOf(holder.pid) === holder.startTime ? holder : null;
}

/** True if this process created the file of that number. */
function linkOwn(folder: string, number: number): boolean {
  const own: Holder = {
    pid: process.pid,
    startTime: startTimeOf(process.pid),
    parentPid: process.ppid,
  };
  return createExclusive(join(folder, fileName(number)), JSON.stringify(own));
}

function removeOlder(folder: string, number: number): void {
  for (const older of listNumbers(folder).filter((other) => other < number - 1))
    rmSync(join(folder, fileName(older)), { force: true });
}

/** Also if the folder is gone, since the lock is gone with it. */
function release(path: string): void {
  try {
    truncateSync(path);
  } catch {
    return;
  }
}

function prepareFolder(folder: string, { own }: LockOptions): void {
  mkdirSync(own ? dirname(folder) : folder, { recursive: true });
  if (own && !makeOwnFolder(folder))
    throw new BudgetlineError('IO_FAILED', `${folder} is not a folder of this user.`, {
      remedy: 'Remove it.',
      details: { path: folder },
    });
}

/**
 * Takes a lock for the life of this process, or returns its living holder. File-system errors are thrown as they are.
 */
export function tryLock(folder: string, options: LockOptions = { own: false }): Unlock | Holder {
  prepareFolder(folder, options);
  for (;;) {
    const top = highest(folder);
    const holder = livingHolder(folder, top, options);
    if (holder !== null) return holder;
    const own = top + 1;
    if (!linkOwn(folder, own)) continue;
    if (highest(folder) === own) {
      removeOlder(folder, own);
      return () => release(join(folder, fileName(own)));
    }
    // Others took and released higher numbers since the listing.
    rmSync(join(folder, fileName(own)), { force: true });
  }
}
