import { createRequire } from 'node:module';
import type { MemberReference } from '../core/members';
import { isOurs } from './places';
import { packageNameOf } from './resolve';

/** Modules that were loaded by require, jiti or a compiler's hook, by path. */
const { cache } = createRequire(__filename);

/** Some compilers write getters, which fail until the module has run that far. */
function read(exports: object, name: string): unknown {
  try {
    return Reflect.get(exports, name);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

interface Found extends MemberReference {
  /** Compilers write re-exports as getters. */
  readonly isGetter: boolean;
}

function exportsOf(module: string, loaded: unknown, value: unknown): Found[] {
  if (loaded === value) return [{ module, export: 'default', isGetter: false }];
  if (!isObject(loaded)) return [];
  const isGetter = (name: string): boolean =>
    Object.getOwnPropertyDescriptor(loaded, name)?.get !== undefined;
  return Object.keys(loaded)
    .filter((name) => read(loaded, name) === value)
    .map((name) => ({ module, export: name, isGetter: isGetter(name) }));
}

/**
 * The module and export of a value that user code exports; undefined if no loaded module does, or only ES modules that
 * Node itself loads. Of several, the module that defines it: others export it by getters, or load it and so come first.
 */
export function referenceTo(value: unknown): MemberReference | undefined {
  const users = Object.entries(cache).filter(([path]) => !isOurs(path) && packageNameOf(path) === undefined);
  const found = users.flatMap(([path, module]) => exportsOf(path, module?.exports, value)).reverse();
  const chosen = found.find(({ isGetter }) => !isGetter) ?? found[0];
  return chosen && { module: chosen.module, export: chosen.export };
}
