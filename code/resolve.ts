import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type ts from 'typescript';
import { BudgetlineError } from '../core/failures';
import { isOurs } from './places';
import { isFile } from '../host/is-file';

/** Target of an import: a user's file, or a package with its version. */
export type Target = { readonly file: string } | { readonly name: string; readonly version: string };

/** In the loader's order. */
const extensions = ['.js', '.mjs', '.cjs', '.ts', '.tsx', '.mts', '.cts', '.mtsx', '.ctsx'];
const endings = ['', ...extensions, ...extensions.map((each) => `/index${each}`)];

/** A file by its path without extension. */
const findEnding = (path: string): string | undefined => endings.map((ending) => path + ending).find(isFile);

/** A file by its path with the extension of the compiled file; of types alone, their declarations. */
const findWritten = (path: string): string | undefined =>
  [path.replace(/\.([cm]?)j(sx?)$/, '.$1t$2'), `${path}.d.ts`].find(isFile);

/** Resolves as an ES module's import: packages and package.json may have separate files for it. */
function resolveForImport(typescript: typeof ts, from: string, specifier: string): string | undefined {
  const { ModuleKind, ModuleResolutionKind, resolveModuleName, sys } = typescript;
  const options = {
    moduleResolution: ModuleResolutionKind.NodeNext,
    module: ModuleKind.NodeNext,
    allowJs: true,
  };
  const { resolvedModule } = resolveModuleName(
    specifier,
    from,
    options,
    sys,
    undefined,
    undefined,
    ModuleKind.ESNext,
  );
  const path = resolvedModule?.resolvedFileName.replace(/\.d\.([cm]?)ts$/, '.$1js');
  return path !== undefined && isFile(path) ? path : undefined;
}

const isPath = (specifier: string): boolean => /^(?:\.{1,2}(?:[/\\]|$)|[/\\])/.test(specifier);

function resolveForRequire(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}

/** The file of a path in an import, as the loader finds it. @throws BudgetlineError DEFINITION_INVALID */
function findByPath(from: string, specifier: string): string {
  const path = resolve(dirname(from), specifier);
  const found = findEnding(path) ?? resolveForRequire(from, specifier) ?? findWritten(path);
  if (found !== undefined) return found;
  throw new BudgetlineError('DEFINITION_INVALID', `${from}: the import "${specifier}" matches no file.`, {
    details: { path: from, import: specifier },
  });
}

/** The file of an import. Follows links, as Node does. */
function findFile(typescript: typeof ts, from: string, specifier: string): string | undefined {
  const found = isPath(specifier)
    ? findByPath(from, specifier)
    : (resolveForImport(typescript, from, specifier) ?? resolveForRequire(from, specifier));
  return found && realpathSync(found);
}

function packageFileOf(from: string, name: string): string | undefined {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The package of an import that is no path. */
export const nameOfPackage = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** A package in node_modules; one that is linked from outside is user code. */
function findPackage(from: string, specifier: string): Target | undefined {
  const name = nameOfPackage(specifier);
  const path = packageFileOf(from, name);
  if (path === undefined || !realpathSync(path).includes(`${sep}node_modules${sep}`)) return undefined;
  const { version = '' } = JSON.parse(readFileSync(path, 'utf8')) as { version?: string };
  return { name, version };
}

/** The name of the package of a file in node_modules. */
export function packageNameOf(file: string): string | undefined {
  const [, name] = /^.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file) ?? [];
  return name?.replace('\\', '/');
}

/** The package of a file in node_modules. */
export function packageOf(file: string): Target | undefined {
  const name = packageNameOf(file);
  return name === undefined ? undefined : findPackage(file, name);
}

/** Resolves an import; undefined for modules of Node and of this package. */
export function resolveImport(typescript: typeof ts, from: string, written: string): Target | undefined {
  const specifier = written.startsWith('file:') ? fileURLToPath(written) : written;
  if (isBuiltin(specifier) || /^budgetline(?:\/|$)/.test(specifier)) return undefined;
  const installed = isPath(specifier) ? undefined : findPackage(from, specifier);
  if (installed !== undefined) return installed;
  const file = findFile(typescript, from, specifier);
  return file === undefined || isOurs(file) ? undefined : (packageOf(file) ?? { file });
}

/** Finds the files of imports of user code; undefined for packages, and modules of Node and of this package. */
export async function readResolver(): Promise<(from: string, specifier: string) => string | undefined> {
  // Loaded on demand: it is large.
  const { default: typescript } = await import('typescript');
  return (from, specifier) => {
    const target = resolveImport(typescript, from, specifier);
    return target !== undefined && 'file' in target ? target.file : undefined;
  };
}
