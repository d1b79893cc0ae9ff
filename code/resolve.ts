import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { isOurs } from './places';

/** What an import names: a file of the user's, or a package by its version. */
export type Target = { readonly file: string } | { readonly name: string; readonly version: string };

const endings = ['', '.ts', '.cts', '.mts', '.tsx', '.js', '.cjs', '.mjs', '.json', '/index.ts', '/index.js'];

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** A file by a relative or absolute name, its ending left out or that of the compiled file. */
function findFile(path: string): string | undefined {
  const written = path.replace(/\.([cm]?)js$/, '.$1ts');
  return [...endings.map((ending) => path + ending), written].find(isFile);
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

/** A package; one that is linked from outside of node_modules is the user's own code. */
function findPackage(from: string, specifier: string): Target | undefined {
  const name = nameOfPackage(specifier);
  const path = packageFileOf(from, name);
  if (path === undefined) return undefined;
  if (!realpathSync(path).includes(`${sep}node_modules${sep}`)) {
    const file = createRequire(from).resolve(specifier);
    return { file };
  }
  const { version = '' } = JSON.parse(readFileSync(path, 'utf8')) as { version?: string };
  return { name, version };
}

/** The package that a file lies in, where it lies in node_modules. */
export function packageOf(file: string): Target | undefined {
  const [, name] = /^.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file) ?? [];
  return name === undefined ? undefined : findPackage(file, name.replace('\\', '/'));
}

/** What an import names, as the loader resolves it; undefined for what comes with Node or with this package. */
export function resolveImport(from: string, specifier: string): Target | undefined {
  if (isBuiltin(specifier) || /^budgetline(?:\/|$)/.test(specifier)) return undefined;
  if (!/^(?:\.{1,2}(?:[/\\]|$)|[/\\])/.test(specifier)) return findPackage(from, specifier);
  const file = findFile(resolve(dirname(from), specifier));
  return file === undefined || isOurs(file) ? undefined : (packageOf(file) ?? { file });
}
