import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The project that a folder belongs to: the nearest folder above with a package.json, or itself. */
function projectOf(folder: string): string {
  for (let at = resolve(folder); at !== dirname(at); at = dirname(at))
    if (existsSync(join(at, 'package.json'))) return at;
  return resolve(folder);
}

/** BUDGETLINE_HOME, or .budgetline next to the project's package.json. */
export function homeOf(env: NodeJS.ProcessEnv, cwd: string): string {
  const configured = env['BUDGETLINE_HOME'] ?? '';
  return configured === '' ? join(projectOf(cwd), '.budgetline') : resolve(cwd, configured);
}
