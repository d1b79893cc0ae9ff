import { isUtf8 } from 'node:buffer';
import { visit } from 'jsonc-parser';
import type { SourceRecord } from '../../contracts/records';
import { BudgetlineError } from '../../core/failures';
import { isRecord } from '../../core/is-record';
import { exactFields, parseExactly } from './exact-json';
import { type ReadLine, readLines, utf8Bytes } from './lines';
import { listRecords } from './list-elements';

/** Longest JSON document: it is read as a whole. */
const maxDocumentBytes = 256 * 2 ** 20;

function recordOf(read: ReadLine): SourceRecord | undefined {
  if ('unreadable' in read) return read;
  const { line, text } = read;
  if (text.trim() === '') return undefined;
  const parsed = exactFields(text);
  return 'fault' in parsed ? { line, unreadable: parsed.fault } : { line, fields: parsed.fields };
}

/** One record a line. */
export async function* readJsonLines(path: string): AsyncGenerator<SourceRecord> {
  for await (const lines of readLines(path))
    for (const line of lines) {
      const record = recordOf(line);
      if (record !== undefined) yield record;
    }
}

async function notUtf8(path: string): Promise<BudgetlineError> {
  for await (const lines of readLines(path))
    for (const read of lines)
      if ('unreadable' in read)
        return new BudgetlineError('DATA_INVALID', `${path}:${read.line}: the line ${read.unreadable}.`);
  return new BudgetlineError('DATA_INVALID', `${path} is not UTF-8.`);
}

async function readDocument(path: string): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of utf8Bytes(path)) {
    bytes += piece.length;
    if (bytes > maxDocumentBytes)
      throw new BudgetlineError(
        'DATA_INVALID',
        `${path} has more than ${maxDocumentBytes / 2 ** 20} MiB, the most that is read as one JSON document.`,
        { remedy: 'Write one record a line, in a file that ends in .jsonl.' },
      );
    pieces.push(piece);
  }
  const document = Buffer.concat(pieces);
  if (!isUtf8(document)) throw await notUtf8(path);
  return document.toString('utf8');
}

const isTurn = (value: object): boolean => 'role' in value || 'from' in value;

/** Whether a value is a list of objects. Chat turns are not records: they are a part of one. */
const isRecords = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => isRecord(each) && !isTurn(each));

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return parseExactly(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Whether one of the first two lines is an object by itself. */
function isLines(text: string): boolean {
  let count = 0;
  for (const [line] of text.matchAll(/\S[^\r\n]*/g)) {
    if (line.startsWith('{') && parseObject(line) !== undefined) return true;
    count += 1;
    if (count === 2) return false;
  }
  return false;
}

function notJson(path: string, text: string): BudgetlineError {
  let place = '';
  visit(
    text,
    {
      onError(_code, _offset, _length, line, column) {
        if (place === '') place = `:${line + 1}: column ${column + 1}`;
      },
    },
    { disallowComments: true },
  );
  return new BudgetlineError('DATA_INVALID', `${path}${place} is not JSON.`, {
    remedy: 'Correct it, or write one record a line: then a faulty record costs only itself.',
  });
}

/** An object with one list of records, or one record. */
function* objectRecords(
  path: string,
  { text, whole }: { text: string; whole: Readonly<Record<string, unknown>> },
): Generator<SourceRecord> {
  const [list, ...others] = Object.keys(whole).filter((name) => isRecords(whole[name]));
  if (others.length > 0)
    throw new BudgetlineError(
      'DATA_INVALID',
      `${path} has more than one list of records: ${[list, ...others].join(', ')}.`,
      { remedy: 'Write the one to use into a file of its own.' },
    );
  if (list === undefined) yield { line: 1, fields: whole };
  else yield* listRecords(text, list);
}

/**
 * A JSON document: a list of records, an object with one list of records, one record, or, under a wrong name, one record a
 * line.
 */
export async function* readJson(path: string): AsyncGenerator<SourceRecord> {
  const text = await readDocument(path);
  const begins = text.trimStart()[0];
  const whole = begins === '{' ? parseObject(text) : undefined;
  if (begins !== '[' && whole === undefined) {
    if (begins === '{' && !isLines(text)) throw notJson(path, text);
    yield* readJsonLines(path);
    return;
  }
  // Not "yield*", which waits once more for every record of a plain generator.
  const records = whole === undefined ? listRecords(text) : objectRecords(path, { text, whole });
  for (const record of records) yield record;
}
