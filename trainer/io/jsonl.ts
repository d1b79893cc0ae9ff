import { createReadStream } from 'node:fs';
import type { z } from 'zod';
import { withoutByteOrderMark } from '../../contracts/byte-order-mark';
import { BudgetlineError } from '../../contracts/failures';
import { fileFailure } from './files';

/** Limit on a line: 16 MiB hold any document that fits a context window. */
export const maxLineBytes = 16 * 1024 * 1024;

/** A value as one line, with the two Unicode separators escaped that some readers treat as line ends. */
export function toJsonLine(value: unknown): string {
  return `${JSON.stringify(value)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029')}\n`;
}

export interface NumberedRow<Row> {
  /** From 1, counting blank lines. */
  readonly line: number;
  readonly row: Row;
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
export async function* readLines(path: string): AsyncGenerator<string> {
  let pending: Buffer = Buffer.alloc(0);
  let line = 1;
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
      pending = pending.length === 0 ? (piece as Buffer) : Buffer.concat([pending, piece as Buffer]);
      let start = 0;
      for (let end = pending.indexOf(10); end >= 0; end = pending.indexOf(10, start)) {
        yield pending.toString('utf8', start, end);
        line += 1;
        start = end + 1;
      }
      pending = pending.subarray(start);
      if (pending.length > maxLineBytes)
        throw rowFailure(path, line, `the line is longer than ${maxLineBytes} bytes`);
    }
  } catch (error) {
    throw fileFailure(error, path, 'read');
  }
  if (pending.length > 0) yield pending.toString('utf8');
}

function parseRow<Row>(path: string, line: number, text: string, schema: z.ZodType<Row>): Row {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw rowFailure(path, line, `not JSON: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw rowFailure(path, line, `field "${field}": ${issue?.message ?? 'malformed'}`, { field });
}

/**
 * Rows of a JSON Lines file, one at a time.
 * @throws DATA_INVALID naming file, line and field; INPUT_MISSING, IO_FAILED.
 */
export async function* readJsonLines<Row>(
  path: string,
  schema: z.ZodType<Row>,
): AsyncGenerator<NumberedRow<Row>> {
  let line = 0;
  for await (const text of readLines(path)) {
    line += 1;
    const content = line === 1 ? withoutByteOrderMark(text) : text;
    if (content.trim() !== '') yield { line, row: parseRow(path, line, content, schema) };
  }
}
