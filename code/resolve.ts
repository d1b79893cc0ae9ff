import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type ts from 'typescript';
import { isOurs } from './places';

/** What an import names: a file of the user's, or a package by its version. */
export type Target = { readonly file: string } | { readonly name: string; readonly version: string };

const endings = ['', '.ts', '.cts', '.mts', '.tsx', '.js', '.cjs', '.mjs', '.json', '/index.ts', '/index.js'];

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** A file by its path, its ending left out or that of the compiled file. */
function findEnding(path: string): string | undefined {
  const written = path.replace(/\.([cm]?)js$/, '.$1ts');
  return [...endings.map((ending) => path + ending), written].find(isFile);
}

/** As an ES module's import resolves: packages and package.json can have files for these alone. */
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

/** The file that an import names: as Node resolves it, else by the rules of other loaders. Links are followed, as Node does. */
function findFile(typescript: typeof ts, from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    const found = isPath(specifier)
      ? findEnding(resolve(dirname(from), specifier))
      : resolveForImport(typescript, from, specifier);
    return found && realpathSync(found);
  }
}

function packageFileOf(from: string, name: string): string | undefined {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}

const nameOfPackage = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** A package in node_modules; one that is linked from outside of it is the user's own code. */
function findPackage(from: string, specifier: string): Target | undefined {
  const name = nameOfPackage(specifier);
  const path = packageFileOf(from, name);
  if (path === undefined || !realpathSync(path).includes(`${sep}node_modules${sep}`)) return undefined;
  const { version = '' } = JSON.parse(readFileSync(path, 'utf8')) as { version?: string };
  return { name, version };
}

/** The package that a file lies in, where it lies in node_modules. */
export function packageOf(file: string): Target | undefined {
  const [, name] = /^.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file) ?? [];
  return name === undefined ? undefined : findPackage(file, name.replace('\\', '/'));
}

/** What an import names, as the loader resolves it; undefined for what comes with Node or with this package. */
export function resolveImport(typescript: typeof ts, from: string, written: string): Target | undefined {
  const specifier = written.startsWith('file:') ? fileURLToPath(written) : written;
  if (isBuiltin(specifier) || /^budgetline(?:\/|$)/.test(specifier)) return undefined;
  const installed = isPath(specifier) ? undefined : findPackage(from, specifier);
  if (installed !== undefined) return installed;
  const file = findFile(typescript, from, specifier);
  return file === undefined || isOurs(file) ? undefined : (packageOf(file) ?? { file });
}
