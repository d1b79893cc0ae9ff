import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import { makeOwnFolder, readOwnFile } from '../../host/own-files';
import { startTimeOf } from '../../host/process-start';
import { createExclusive } from '../../host/whole-file';

/** Who holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly startTime: string | null;
  /** Who started it; one that has another parent now has lost its supervisor. */
  readonly parentPid: number;
}

export interface LockOptions {
  /** Whether the lock is one of this user alone: what other users left there, and links, count for nothing. */
  readonly own: boolean;
}

/** Gives a lock back. */
export type Unlock = () => void;

/**
 * A lock is a folder of numbered files, of which the highest counts: it names a process, and an empty one nobody. Linking
 * a finished file to the next free number is what makes exactly one taker win, also of several that find a dead holder
 * at the same moment; a number is never used twice, since the highest file stays when it is given back.
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
    // Given back, taken away, or never whole: nobody's.
    return null;
  }
}

/** The living process that holds a lock; null where none does. */
function livingHolder(folder: string, number: number, options: LockOptions): Holder | null {
  const holder = number === 0 ? null : readHolder(join(folder, fileName(number)), options);
  if (holder === null || holder.startTime === null) return null;
  return startTimeOf(holder.pid) === holder.startTime ? holder : null;
}

/** True where this process, and no other, made the file of that number. */
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

/** A folder that is gone holds nothing, and what this process holds ends with it. */
function giveBack(path: string): void {
  try {
    truncateSync(path);
  } catch {
    return;
  }
}

/** Makes a lock's folder. */
function prepare(folder: string, { own }: LockOptions): void {
  mkdirSync(own ? dirname(folder) : folder, { recursive: true });
  if (own && !makeOwnFolder(folder))
    throw new BudgetlineError('IO_FAILED', `${folder} is not a folder of this user.`, {
      remedy: 'Remove it.',
      details: { path: folder },
    });
}

/**
 * Takes a lock for as long as this process lives, or says who holds it. A holder that has died, however it died, holds
 * nothing. What the file system refuses is thrown as it comes.
 */
export function tryLock(folder: string, options: LockOptions = { own: false }): Unlock | Holder {
  prepare(folder, options);
  for (;;) {
    const top = highest(folder);
    const holder = livingHolder(folder, top, options);
    if (holder !== null) return holder;
    const own = top + 1;
    if (!linkOwn(folder, own)) continue;
    if (highest(folder) === own) {
      removeOlder(folder, own);
      return () => giveBack(join(folder, fileName(own)));
    }
    // It listed long ago: others took and left higher numbers meanwhile.
    rmSync(join(folder, fileName(own)), { force: true });
  }
}
