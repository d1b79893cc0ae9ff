/** Variables that a trainer may see. Everything else of a worker's environment, its secrets too, stays with it. */
const allowed = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'XDG_CACHE_HOME',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_HOME',
  'CUDA_DEVICE_ORDER',
  'NVIDIA_VISIBLE_DEVICES',
] as const;

/** A trainer's environment: what is allowed of the worker's, how the protocol is spoken, and what its device asks for. */
export function trainerEnvironment(
  worker: NodeJS.ProcessEnv,
  device: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const kept = allowed.flatMap((name) => {
    const value = worker[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), ...device, BUDGETLINE_EVENTS_FD: '3', BUDGETLINE_KEEP_ALIVE: '1' };
}
