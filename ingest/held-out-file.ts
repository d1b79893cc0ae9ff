import { basename } from 'node:path';
import { BudgetlineError } from '../core/failures';
import { type Compared, overlapWith } from '../text/overlap';
import type { NamedOverlap } from './held-out';
import { heldOutTexts } from './prompt-texts';
import { readRecords } from './source';
import type { RowFault } from './types';

const shownFields = 12;

function nothingRead(path: string, fields: ReadonlySet<string>, [unreadable]: RowFault[]): BudgetlineError {
  const names = [...fields].slice(0, shownFields).map((name) => `"${name}"`);
  const more = fields.size > shownFields ? ` and ${fields.size - shownFields} more` : '';
  const found = [
    ...(names.length === 0 ? [] : [`its fields are ${names.join(', ')}${more}`]),
    ...(unreadable === undefined ? [] : [`line ${unreadable.line} ${unreadable.reason}`]),
  ];
  const details = found.length === 0 ? 'it has no records' : found.join('; ');
  return new BudgetlineError(
    'DATA_INVALID',
    `${path} has no held-out prompt: ${details}. No row would be compared.`,
    {
      remedy: 'Name the column of its prompts "prompt" or "question", or write dialogues in "messages".',
      details: { path, fields: [...fields] },
    },
  );
}

const remedy = 'Correct the record: rows are not compared with it.';

/**
 * Reads the prompts of a file, in every layout that rows have; the column mapping of the rows does not apply.
 *
 * @throws BudgetlineError DATA_INVALID where no record has a prompt; INPUT_MISSING, IO_FAILED, USAGE as for rows
 */
export async function readHeldOut(path: string): Promise<NamedOverlap> {
  const texts: Compared[] = [];
  const fields = new Set<string>();
  const unreadable: RowFault[] = [];
  let [prompts, withoutPrompt] = [0, 0];
  for await (const record of readRecords(path)) {
    if ('unreadable' in record) {
      unreadable.push({ path, line: record.line, field: 'the line', reason: record.unreadable, remedy });
      continue;
    }
    for (const name of Object.keys(record.fields)) fields.add(name);
    const found = heldOutTexts(record.fields);
    if (found.length === 0) withoutPrompt += 1;
    else prompts += 1;
    texts.push(...found);
  }
  if (prompts === 0) throw nothingRead(path, fields, unreadable);
  return { name: basename(path), prompts, withoutPrompt, unreadable, overlap: overlapWith(texts) };
}
