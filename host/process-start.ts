import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Names this boot of the host; Linux alone does. Empty where a sandbox hides it: clock ticks must do there. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Fields of /proc/PID/stat from the third on (state, parent …): the second may hold spaces and brackets. */
export function statFields(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Field 22 of /proc/PID/stat, in clock ticks since the boot that stands in front of it. */
export function linuxStartTime(pid: number): string | null {
  const fields = statFields(pid);
  // A zombie holds nothing any more.
  return fields === null || fields[0] === 'Z' || fields[0] === 'X' ? null : `${bootId()}/${fields[19] ?? ''}`;
}

/** How `ps` is asked for a process's state and start, the latter to the second. */
export const psStartWords = (pid: number): string[] => ['-o', 'stat=,lstart=', '-p', String(pid)];
export const psEnvironment = { LC_ALL: 'C' };

/** The start out of what `ps` answered. */
export function parsePsStart(line: string): string | null {
  const [, state, started] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(line) ?? [];
  return started === undefined || state?.startsWith('Z') === true ? null : started;
}

/** The same as on Linux where there is no /proc. */
export function psStartTime(pid: number): string | null {
  try {
    const options = { encoding: 'utf8', env: psEnvironment, stdio: 'pipe' } as const;
    return parsePsStart(execFileSync('ps', psStartWords(pid), options));
  } catch {
    return null;
  }
}

/**
 * When a process began, in the system's own words: tells it from a later one with its number. null where none lives.
 */
export const startTimeOf: (pid: number) => string | null =
  process.platform === 'linux' ? linuxStartTime : psStartTime;
