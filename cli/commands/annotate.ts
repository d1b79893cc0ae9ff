import { PeopleQueue } from '../../annotators';
import { BudgetlineError } from '../../core/failures';
import { renderFields } from '../print/data';
import { readRecords } from '../../ingest';
import { createPrinter, printJson, type PrinterOptions } from '../printer';

export interface AnnotateFlags extends PrinterOptions {
  /** Path of a file of answers. */
  readonly add?: string;
}

async function readAnswers(path: string): Promise<{ fields: unknown; place: string }[]> {
  const answers: { fields: unknown; place: string }[] = [];
  for await (const record of readRecords(path)) {
    const place = `${path}:${record.line}:`;
    if ('unreadable' in record) throw new BudgetlineError('DATA_INVALID', `${place} ${record.unreadable}.`);
    // `by` may be an empty cell of a CSV.
    const filled = Object.entries(record.fields).filter(([name, value]) => name !== 'by' || value !== '');
    answers.push({ fields: Object.fromEntries(filled), place });
  }
  return answers;
}

/**
 * `budgetline annotate FOLDER`: prints rows that wait for answers. `--add FILE` adds answers (JSON Lines, JSON,
 * CSV, TSV or Parquet with id, completion and, for several people, by): all of a file, or none.
 */
export async function annotateCommand(folder: string, flags: AnnotateFlags): Promise<void> {
  const queue = new PeopleQueue(folder);
  const taken = flags.add === undefined ? 0 : await queue.take(await readAnswers(flags.add));
  const open = await queue.open();
  const answered = (await queue.answers()).size;
  const printer = createPrinter(flags);
  printer.print([
    ...(flags.add === undefined ? [] : [`Added ${taken} answers from ${flags.add}.`]),
    `${answered} rows have answers; ${open.length} wait for more.`,
    ...open.slice(0, 3).flatMap((row) => ['', ...renderFields(row, printer.ink)]),
  ]);
  if (flags.json === true) printJson({ taken, answered, open });
}
