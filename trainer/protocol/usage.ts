import { readFileSync } from 'node:fs';

/** Linux's status of this process; empty on other systems. */
function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}

/**
 * Peak memory of this process. On Linux VmHWM, since `maxRSS` starts at the parent's memory at the fork, so that a trainer
 * of a large worker would look large.
 */
function peakMemoryBytes(maxRss: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readStatus()) ?? [];
  return 1024 * Number(kibibytes ?? maxRss);
}

/** CPU time of all threads and peak memory of this process so far. */
export function measureUsage(): { readonly cpuMs: number; readonly peakMemoryBytes: number } {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMemoryBytes: peakMemoryBytes(maxRSS) };
}
