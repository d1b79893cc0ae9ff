import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudgetlineError } from '../../contracts/failures';
import { attempt } from '../io/files';

interface Holder {
  readonly pid: number;
  /** What the system says of when the process began: tells a process from a later one with its number. */
  readonly startTime: string | null;
}

/** Field 22 of /proc/PID/stat, in clock ticks since boot; null for a dead process or where there is no /proc. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more.
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isAlive(holder: Holder): boolean {
  if (!exists(holder.pid)) return false;
  return holder.startTime === null || startTimeOf(holder.pid) === holder.startTime;
}

/** What a lock says; a holder of null where it says nothing that can be read. */
function readHolder(path: string): { text: string; holder: Holder | null } | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  try {
    return { text, holder: JSON.parse(text) as Holder };
  } catch {
    return { text, holder: null };
  }
}

/** Removes the lock of a dead process. A contender that took over first is put back: only the very lock seen goes. */
function removeStale(path: string, seen: string): void {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== seen) linkSync(aside, path);
  } catch {
    // Another contender was faster; the next round looks again.
  }
  rmSync(aside, { force: true });
}

function tryAcquire(path: string): Holder | null {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
  try {
    for (let round = 0; round < 3; round += 1) {
      try {
        // A link appears whole or not at all, and never replaces a file.
        linkSync(mine, path);
        return null;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = readHolder(path);
      if (found?.holder && isAlive(found.holder)) return found.holder;
      if (found !== null) removeStale(path, found.text);
    }
    return readHolder(path)?.holder ?? { pid: 0, startTime: null };
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Makes this process the only one that works in a folder. A lock of a dead process is taken over; one of a living
 * process is waited for a while, since an older process may be writing its last checkpoint.
 * @returns a function that gives the folder back.
 * @throws IO_FAILED naming the process that holds the folder.
 */
export async function lockWorkFolder(folder: string, waitMs = 5000): Promise<() => void> {
  const path = join(folder, 'lock');
  attempt(folder, 'write', () => mkdirSync(folder, { recursive: true }));
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const holder = attempt(path, 'write', () => tryAcquire(path));
    if (holder === null) return () => rmSync(path, { force: true });
    if (performance.now() > deadlineMs)
      throw new BudgetlineError('IO_FAILED', `Process ${holder.pid} is working in ${folder}.`, {
        remedy: 'Wait until it has ended, or end it.',
        details: { path, pid: holder.pid },
      });
    await sleep(100);
  }
}
