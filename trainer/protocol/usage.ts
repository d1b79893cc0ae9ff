/** What this process has used so far: CPU time of all its threads, and the most memory that it ever held. */
export function measureUsage(): { readonly cpuMs: number; readonly peakMemoryBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 };
}
