import type ts from 'typescript';
import { isCode, readModule, type UserModule } from './module';
import { resolveImport } from './resolve';

/** A node of a user's module. */
export interface Placed {
  readonly module: UserModule;
  readonly node: ts.Node;
}

/** What declares a name that a module declares or imports; empty for names of packages, which are not user code. */
export function declarationsOf(
  is: typeof ts,
  module: UserModule,
  name: string,
  seen = new Set<string>(),
): Placed[] {
  const id = `${module.path} ${name}`;
  if (seen.has(id)) return [];
  seen.add(id);
  const declared = name === '*' ? [...module.declared.values()].flat() : (module.declared.get(name) ?? []);
  const imported = module.imported.get(name) ?? [];
  const isHere = declared.length + imported.length > 0;
  const others = isHere ? imported : module.whole.map((from) => ({ from, name }));
  const elsewhere = others.flatMap((each) => {
    const target = resolveImport(is, module.path, each.from.text);
    if (target === undefined || 'version' in target || !isCode(target.file)) return [];
    return declarationsOf(is, readModule(is, target.file), each.name, seen);
  });
  return [...declared.map((node) => ({ module, node })), ...elsewhere];
}
