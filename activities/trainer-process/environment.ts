/** Variables that a trainer gets. The rest of the worker's environment may hold secrets. */
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

/** A trainer's environment: the allowed variables, those of the protocol and those of its device. */
export function trainerEnvironment(
  worker: NodeJS.ProcessEnv,
  device: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const inherited = allowed.flatMap((name) => {
    const value = worker[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    ...device,
    BUDGETLINE_EVENTS_FD: '3',
    BUDGETLINE_KEEP_ALIVE: '1',
  };
}
