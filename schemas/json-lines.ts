/** JSON Lines, as all rooms read and write them. */
import type { z } from 'zod';
import { withoutByteOrderMark } from '../core/byte-order-mark';
import { BudgetlineError, type FailureCode } from '../core/failures';
import { isRecord } from '../core/is-record';

/** Limit on the length of a line: enough for any dialogue or document. A longer one is not a line of text. */
export const maxLineLength = 16 * 1024 * 1024;

/** A line of a file. */
export interface NumberedLine {
  /** From 1, counting blank lines. */
  readonly line: number;
  readonly text: string;
}

/** A row with its line, from 1. */
export interface NumberedRow<Row> {
  readonly line: number;
  readonly row: Row;
}

/** The lines of a text without its blank lines and its byte-order mark. */
export function linesOf(text: string): NumberedLine[] {
  const lines = withoutByteOrderMark(text).split('\n');
  return lines.map((each, at) => ({ line: at + 1, text: each })).filter((each) => each.text.trim() !== '');
}

/** Splits a text that arrives in pieces. */
export class LineSplitter {
  /** The line that has no newline yet. */
  rest = '';

  /** The lines that a piece completes. */
  push(piece: string): string[] {
    const lines = (this.rest + piece).split('\n');
    this.rest = lines.pop() ?? '';
    return lines;
  }
}

/**
 * All lines of a text that arrives in pieces, the last one with or without its newline. Holds one piece and one line in
 * memory.
 *
 * @param tooLong the error for a line, from 1, that is longer than `maxLineLength`
 */
export async function* streamLines(
  pieces: AsyncIterable<string>,
  tooLong: (line: number) => Error,
): AsyncGenerator<NumberedLine> {
  const splitter = new LineSplitter();
  let line = 0;
  const number = (text: string): NumberedLine => {
    line += 1;
    return { line, text: line === 1 ? withoutByteOrderMark(text) : text };
  };
  for await (const piece of pieces) {
    yield* splitter.push(piece).map(number);
    if (splitter.rest.length > maxLineLength) throw tooLong(line + 1);
  }
  if (splitter.rest !== '') yield number(splitter.rest);
}

/** Why a line cannot be used. */
export interface LineFault {
  readonly fault: string;
  /** Path of the field. Left out: the line is not JSON. */
  readonly field?: string;
}

/** The value of a line, or why there is none. */
export function parseLine<T>(text: string, schema: z.ZodType<T>): { readonly value: T } | LineFault {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { fault: `not JSON: ${(error as Error).message}` };
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return { value: parsed.data };
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  return { fault: `field "${field}": ${issue?.message ?? 'malformed'}`, field };
}

export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a line that must be an object, or why there are none. */
export function parseFields(
  text: string,
  parse: (text: string) => unknown = JSON.parse,
): { readonly fields: Fields } | LineFault {
  try {
    const value = parse(text);
    return isRecord(value) ? { fields: value } : { fault: 'is not a JSON object' };
  } catch (error) {
    return { fault: `is not JSON (${(error as Error).message})` };
  }
}

/** A file of rows, and the error for a row that its schema rejects. */
export interface RowsFile {
  readonly path: string;
  readonly text: string;
  readonly code: FailureCode;
  readonly remedy?: string;
}

/** The values of all lines. @throws BudgetlineError of the file's code, naming file, line and field */
export function parseRows<T>({ path, text, code, remedy }: RowsFile, schema: z.ZodType<T>): T[] {
  return linesOf(text).map((each) => {
    const parsed = parseLine(each.text, schema);
    if ('value' in parsed) return parsed.value;
    const details = { path, line: each.line, field: parsed.field };
    throw new BudgetlineError(code, `${path}:${each.line}: ${parsed.fault}.`, { remedy, details });
  });
}

/** One value per line. */
export const toJsonLines = (rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');
