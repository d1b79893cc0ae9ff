import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { BudgetlineError } from '../../core/failures';

/** An import as webpack reports it. */
export interface Import {
  readonly request?: string | undefined;
  readonly contextInfo?: { readonly issuer: string } | undefined;
}

/** Temporal has versions of these for workflows. */
const provided: ReadonlySet<string> = new Set(['assert', 'url', 'util']);

/** "pipeline.ts:3": the file, with the first line that names the imported module. */
function placeOf(file: string, request: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes(`'${request}'`) || line.includes(`"${request}"`));
  return at < 0 ? file : `${file}:${at + 1}`;
}

/** Why a workflow cannot load an import; undefined if it can. */
export function refusalOf({ request = '', contextInfo }: Import): BudgetlineError | undefined {
  const isNode = isBuiltin(request) && !provided.has(request.replace(/^node:/, ''));
  if (!isNode && request !== 'budgetline') return undefined;
  const place = placeOf(contextInfo?.issuer ?? '', request);
  const message = `${place} imports "${request}", which workflows cannot load.`;
  return new BudgetlineError('DEFINITION_INVALID', message, {
    remedy:
      'Import only types (import type) and helpers from "budgetline/workflows". Code that needs files, clocks or networks belongs in the activity of a stage kind.',
    details: { place, import: request },
  });
}
