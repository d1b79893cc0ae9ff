import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Field 22 of /proc/PID/stat, in clock ticks since the boot that stands in front of it. */
function linuxStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? null : `${bootId()}/${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}

/** The same where there is no /proc, to the second. */
export function psStartTime(pid: number): string | null {
  try {
    const words = ['-o', 'stat=,lstart=', '-p', String(pid)];
    const line = execFileSync('ps', words, { encoding: 'utf8', env: { LC_ALL: 'C' }, stdio: 'pipe' });
    const [, state, started] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(line) ?? [];
    return started === undefined || state?.startsWith('Z') === true ? null : started;
  } catch {
    return null;
  }
}

/**
 * When a process began, in the system's own words: tells it from a later one with its number. null where none lives.
 */
export const startTimeOf: (pid: number) => string | null =
  process.platform === 'linux' ? linuxStartTime : psStartTime;
