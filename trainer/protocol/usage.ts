/** What this process has used so far: CPU time of all its threads, and the most memory that it ever held. */
export function measureUsage(): { readonly cpuMs: number; readonly peakMemoryBytes: number } {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMemoryBytes: maxRSS * 1024 };
}
