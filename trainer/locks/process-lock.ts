import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { startTimeOf } from '../../host/process-start';
import { createWhole } from '../../host/whole-file';

/** Who holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly startTime: string | null;
  /** Who started it; one that has another parent now has lost its supervisor. */
  readonly parentPid: number;
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

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    // Given back, taken away, or never whole: nobody's.
    return null;
  }
}

/** The living process that holds a lock; null where none does. */
function livingHolder(folder: string, number: number): Holder | null {
  const holder = number === 0 ? null : readHolder(join(folder, fileName(number)));
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
  return createWhole(join(folder, fileName(number)), JSON.stringify(own));
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

/** Makes a lock's folder; one that users share can be written by all of them. */
function prepare(folder: string, shared: boolean): void {
  if (mkdirSync(folder, { recursive: true }) !== undefined && shared) chmodSync(folder, 0o777);
}

/**
 * Takes a lock for as long as this process lives, or says who holds it. A holder that has died, however it died, holds
 * nothing. What the file system refuses is thrown as it comes.
 */
export function tryLock(folder: string, { shared = false } = {}): Unlock | Holder {
  prepare(folder, shared);
  for (;;) {
    const top = highest(folder);
    const holder = livingHolder(folder, top);
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
