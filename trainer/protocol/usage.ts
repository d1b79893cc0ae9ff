import { readFileSync } from 'node:fs';

/** What Linux tells of this process; empty where there is no such file. */
function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}

/**
 * The most memory that this program ever held. Linux begins `maxRSS` with what the parent held when it forked, which makes
 * every trainer of a large worker look large; VmHWM begins with the program.
 */
function peakMemoryBytes(maxRss: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readStatus()) ?? [];
  return 1024 * Number(kibibytes ?? maxRss);
}

/** What this process has used so far: CPU time of all its threads, and the most memory that it ever held. */
export function measureUsage(): { readonly cpuMs: number; readonly peakMemoryBytes: number } {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMemoryBytes: peakMemoryBytes(maxRSS) };
}
