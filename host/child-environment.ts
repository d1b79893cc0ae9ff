/** Variables that any child process may need. The rest of our environment may hold secrets. */
const passed = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ', 'XDG_CACHE_HOME'] as const;

/** The environment of a child process: the variables that any may need, and those named. */
export function childEnvironment(
  env: NodeJS.ProcessEnv,
  names: readonly string[] = [],
): Record<string, string> {
  const found = [...passed, ...names].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}
