import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Id of this boot; Linux only. Empty in a sandbox that hides it; then clock ticks alone must do. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Fields of /proc/PID/stat from the third on (state, parent …). The second may contain spaces and brackets. */
export function statFields(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Start time of a process: the boot id, and field 22 of /proc/PID/stat in clock ticks since boot. */
export function linuxStartTime(pid: number): string | null {
  const fields = statFields(pid);
  // A zombie holds no resources.
  return fields === null || fields[0] === 'Z' || fields[0] === 'X' ? null : `${bootId()}/${fields[19] ?? ''}`;
}

/** Arguments of `ps` for a process's state and start time, to the second. */
export const psStartWords = (pid: number): string[] => ['-o', 'stat=,lstart=', '-p', String(pid)];
export const psEnvironment = { LC_ALL: 'C' };

/** Parses the start time from the output of `ps`. */
export function parsePsStart(line: string): string | null {
  const [, state, started] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(line) ?? [];
  return started === undefined || state?.startsWith('Z') === true ? null : started;
}

/** Start time without /proc. */
export function psStartTime(pid: number): string | null {
  try {
    const options = { encoding: 'utf8', env: psEnvironment, stdio: 'pipe' } as const;
    return parsePsStart(execFileSync('ps', psStartWords(pid), options));
  } catch {
    return null;
  }
}

/**
 * Start time of a process in the system's own format; distinguishes it from a later process with the same
 * id. Null if no such process is running.
 */
export const startTimeOf: (pid: number) => string | null =
  process.platform === 'linux' ? linuxStartTime : psStartTime;
