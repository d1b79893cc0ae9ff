import { createReadStream } from 'node:fs';
import type { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import {
  maxLineLength,
  type NumberedLine,
  type NumberedRow,
  parseLine,
  streamLines,
} from '../../schemas/json-lines';
import { fileFailure } from './files';

/** A value as one line, with the two Unicode separators escaped that some readers treat as line ends. */
export function toJsonLine(value: unknown): string {
  return `${JSON.stringify(value)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029')}\n`;
}

export function rowFailure(
  path: string,
  line: number,
  what: string,
  details: Record<string, unknown> = {},
): BudgetlineError {
  return new BudgetlineError('DATA_INVALID', `${path}, line ${line}: ${what}.`, {
    details: { path, line, ...details },
  });
}

/** Lines of a file, the last one with or without its newline. Holds one line in memory. */
export async function* readLines(path: string): AsyncGenerator<NumberedLine> {
  const pieces: AsyncIterable<string> = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 });
  const tooLong = (line: number): BudgetlineError =>
    rowFailure(path, line, `the line is longer than ${maxLineLength} characters`);
  try {
    yield* streamLines(pieces, tooLong);
  } catch (error) {
    throw fileFailure(error, path, 'read');
  }
}

/**
 * Rows of a JSON Lines file, one at a time.
 * @throws DATA_INVALID naming file, line and field; INPUT_MISSING, IO_FAILED.
 */
export async function* readJsonLines<Row>(
  path: string,
  schema: z.ZodType<Row>,
): AsyncGenerator<NumberedRow<Row>> {
  for await (const { line, text } of readLines(path)) {
    if (text.trim() === '') continue;
    const parsed = parseLine(text, schema);
    if ('fault' in parsed) throw rowFailure(path, line, parsed.fault, { field: parsed.field });
    yield { line, row: parsed.value };
  }
}
