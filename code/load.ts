import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { BudgetlineError } from '../core/failures';
import { namedExports } from '../core/members';
import { isFile } from '../host/is-file';
import { packageRoot } from '../host/package-files';
import { keepMap } from './source-maps';
import { userFailure } from './user-failure';

type Loaded = Readonly<Record<string, unknown>>;

async function load(path: string): Promise<Loaded> {
  // Loaded on demand: it brings a compiler.
  const { createJiti } = await import('jiti');
  const { resolve } = createRequire(join(packageRoot, '/'));
  const alias = {
    'budgetline/losses': resolve('./dist/losses/index.js'),
    'budgetline/families': resolve('./dist/trainer/families/index.js'),
    'budgetline/workflows': resolve('./dist/workflows/compose.js'),
    budgetline: resolve('./dist/index.js'),
  };
  const compiler = createJiti(path, { fsCache: false });
  const jiti = createJiti(path, {
    alias,
    fsCache: false,
    interopDefault: false,
    sourceMaps: true,
    transform: (options) => ({ code: keepMap(compiler.transform(options), options) }),
  });
  const known = jiti.cache[path];
  // Always compiled: the loader runs JavaScript that fails a second time.
  const options = { filename: path, async: true, forceTranspile: true };
  const loaded = (
    known?.loaded ? known.exports : await jiti.evalModule(readFileSync(path, 'utf8'), options)
  ) as object;
  return namedExports(loaded);
}

const loading = new Map<string, Promise<Loaded>>();
/** Modules that are loading, by what they call: the path of each, from the outermost. */
const callers = new AsyncLocalStorage<readonly string[]>();
const { cache } = createRequire(__filename);

/** Whether a file is the program, an ES module: those of Node cannot be found once they are loaded. */
function isProgram(path: string): boolean {
  const [, program = ''] = process.argv;
  return isFile(program) && realpathSync(program) === path && cache[path] === undefined;
}

/** Refuses a module that waits for itself. */
function assertApart(path: string): void {
  const waits = loading.has(path) && callers.getStore()?.includes(path) === true;
  if (!waits && !isProgram(path)) return;
  const message = `${path} names an export of itself while it runs, and would run a second time.`;
  throw new BudgetlineError('DEFINITION_INVALID', message, {
    remedy: 'Put the pipeline, or what else the definition names, in a module of its own.',
    details: { path },
  });
}

/** Loads a module once, also where several ask at the same time. */
function loadOnce(path: string): Promise<Loaded> {
  assertApart(path);
  const above = callers.getStore() ?? [];
  const running =
    loading.get(path) ?? callers.run([...above, path], () => load(path)).finally(() => loading.delete(path));
  loading.set(path, running);
  return running;
}

/**
 * Loads a user's module: TypeScript or JavaScript, CommonJS or ES, with top-level await. Files of a project that has not
 * installed this package get this one.
 *
 * @throws BudgetlineError DEFINITION_INVALID with file and line, or what the module itself throws of this kind
 */
export async function loadUserModule(path: string): Promise<Loaded> {
  try {
    return await loadOnce(realpathSync(path));
  } catch (error) {
    throw userFailure(error, path, 'cannot be loaded');
  }
}

/**
 * One export of a user's module.
 *
 * @throws BudgetlineError DEFINITION_INVALID if it cannot be loaded or has no such export
 */
export async function loadUserMember(path: string, name: string): Promise<unknown> {
  const loaded = await loadUserModule(path);
  if (Object.hasOwn(loaded, name)) return loaded[name];
  throw new BudgetlineError('DEFINITION_INVALID', `${path} has no export "${name}".`, {
    remedy: `Write: export const ${name} = …; or name another export of the file.`,
    details: { path, export: name, exports: Object.keys(loaded) },
  });
}
