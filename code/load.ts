import { createRequire } from 'node:module';
import { join } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { packageRoot } from '../host/package-files';

type Loaded = Readonly<Record<string, unknown>>;

/** Loads a user's module, in TypeScript or JavaScript, CommonJS or ES. */
export async function loadUserModule(path: string): Promise<Loaded> {
  // Loaded on demand: it brings a compiler.
  const { createJiti } = await import('jiti');
  // A project that has not installed this package gets this one.
  const alias = { budgetline: createRequire(join(packageRoot, '/')).resolve('./dist/index.js') };
  return createJiti(path, { alias, interopDefault: false }).import(path);
}

/**
 * One export of a user's module.
 *
 * @throws BudgetlineError DEFINITION_INVALID if there is no such export
 */
export async function loadUserMember(path: string, name: string): Promise<unknown> {
  const loaded = await loadUserModule(path);
  if (Object.hasOwn(loaded, name)) return loaded[name];
  throw new BudgetlineError('DEFINITION_INVALID', `${path} has no export "${name}".`, {
    remedy: `Write: export const ${name} = …; or name another export of the file.`,
    details: { path, export: name, exports: Object.keys(loaded) },
  });
}
