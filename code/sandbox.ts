/** The code of users' members as the workflow sandbox loads it. */
import { isBuiltin } from 'node:module';
import { originOfExport } from '../core/code';
import { BudgetlineError } from '../core/failures';
import type { PinnedMember } from '../core/members';
import { keptText } from './kept-text';
import { type ReachedImport, Slice } from './slice';

/** Temporal has versions of these for workflows. */
const provided: ReadonlySet<string> = new Set(['assert', 'url', 'util']);

/** Whether the workflow sandbox has a module of Node or of this package. Those of others are bundled. */
export function isMissing(specifier: string): boolean {
  if (isBuiltin(specifier)) return !provided.has(specifier.replace(/^node:/, ''));
  return /^budgetline(?:\/|$)/.test(specifier) && specifier !== 'budgetline/workflows';
}

/** Code that users' members can reach. */
export interface SandboxCode {
  /** Absolute path of each user module → its text, with all statements blanked that are not reached. */
  readonly texts: Readonly<Record<string, string>>;
  readonly imports: readonly ReachedImport[];
}

/** Reads the code that exports of users' modules can reach. */
export async function readSandboxCode(
  members: readonly Pick<PinnedMember, 'path' | 'export'>[],
): Promise<SandboxCode> {
  // Loaded on demand: it is large.
  const { default: typescript } = await import('typescript');
  const slice = new Slice(typescript);
  for (const { path, export: exported } of members) slice.addOrigin(originOfExport(path, exported));
  const texts = slice.reached().map((module) => [module.path, keptText(typescript, module)] as const);
  return { texts: Object.fromEntries(texts), imports: slice.imports() };
}

/** The error of a user's import that the workflow sandbox cannot load. */
export function refusedImport({ file, line, specifier, cause }: ReachedImport, reason = ''): BudgetlineError {
  const place = cause === undefined ? `${file}:${line}` : `${cause.file}:${cause.line}`;
  const needs = cause === undefined ? 'imports' : 'runs whenever the module is loaded, and needs';
  const message = `${place} ${needs} "${specifier}", which workflows cannot load${reason}.`;
  return new BudgetlineError('DEFINITION_INVALID', message, {
    remedy:
      cause === undefined
        ? 'Import only types (import type) and helpers from "budgetline/workflows". Code that needs files, clocks or networks belongs in the activity of a stage kind.'
        : 'Put the pipeline or stage kind in a module of its own.',
    details: { place, import: specifier },
  });
}

/** @throws BudgetlineError DEFINITION_INVALID with file and line of an import that the workflow sandbox cannot load */
export function assertLoadable({ imports }: SandboxCode): void {
  const refused = imports.find(({ specifier }) => isMissing(specifier));
  if (refused !== undefined) throw refusedImport(refused);
}
