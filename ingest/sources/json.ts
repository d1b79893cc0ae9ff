import { createScanner, type SyntaxKind } from 'jsonc-parser';
import { BudgetlineError } from '../../core/failures';
import { isRecord } from '../../core/is-record';
import { linesOf, parseFields } from '../../schemas/json-lines';
import type { SourceRecord } from '../types';
import { readLines } from './lines';

/** Longest JSON document: it is read as a whole. */
const maxDocumentLength = 256 * 2 ** 20;

const recordOf = (line: number, text: string): SourceRecord => {
  const parsed = parseFields(text);
  return 'fault' in parsed ? { line, unreadable: parsed.fault } : { line, fields: parsed.fields };
};

/** One record a line. */
export async function* readJsonLines(path: string): AsyncGenerator<SourceRecord> {
  for await (const read of readLines(path)) {
    if ('unreadable' in read) yield read;
    else if (read.text.trim() !== '') yield recordOf(read.line, read.text);
  }
}

/** Every line as read; lines that cannot be read are errors of the whole document. */
async function readDocument(path: string): Promise<string> {
  const texts: string[] = [];
  let length = 0;
  for await (const read of readLines(path)) {
    if ('unreadable' in read)
      throw new BudgetlineError('DATA_INVALID', `${path}:${read.line}: the line ${read.unreadable}.`, {
        remedy: 'Save the file as UTF-8, with line breaks between its records.',
      });
    length += read.text.length + 1;
    if (length > maxDocumentLength)
      throw new BudgetlineError(
        'DATA_INVALID',
        `${path} has more than ${maxDocumentLength / 2 ** 20} MiB, the most that is read as one JSON document.`,
        { remedy: 'Write one record a line, in a file that ends in .jsonl.' },
      );
    texts.push(read.text);
  }
  return texts.join('\n');
}

/** An element of a list: where it begins and ends in a text. */
interface Element {
  /** From 1. */
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

/** Kinds of tokens: the library's are constants of its types. */
const token = {
  openBrace: 1 satisfies SyntaxKind.OpenBraceToken,
  closeBrace: 2 satisfies SyntaxKind.CloseBraceToken,
  openBracket: 3 satisfies SyntaxKind.OpenBracketToken,
  closeBracket: 4 satisfies SyntaxKind.CloseBracketToken,
  comma: 5 satisfies SyntaxKind.CommaToken,
  text: 10 satisfies SyntaxKind.StringLiteral,
  end: 17 satisfies SyntaxKind.EOF,
} as const;
const isOpening = (kind: number): boolean => kind === token.openBrace || kind === token.openBracket;
const isClosing = (kind: number): boolean => kind === token.closeBrace || kind === token.closeBracket;

/**
 * The elements of a document that is a list, or of the list in a field of a document that is an object. The text need not be
 * valid: what is wrong within one element leaves the others. A document that is cut ends in an element without text.
 */
function* elementsOf(text: string, field?: string): Generator<Element> {
  const scanner = createScanner(text, true);
  const depth = field === undefined ? 1 : 2;
  const open: number[] = [];
  /** The last text in the document's own object. Before a list it is the list's name. */
  let name: string | undefined;
  let begun: Omit<Element, 'to'> | undefined;
  let to = 0;
  const inList = (): boolean => open.length === depth && open.at(-1) === token.openBracket && name === field;
  for (let kind: number = scanner.scan(); kind !== token.end; kind = scanner.scan()) {
    const isBetween = inList() && (kind === token.comma || isClosing(kind));
    if (isBetween && begun !== undefined) yield { ...begun, to };
    if (isBetween) begun = undefined;
    else if (inList()) begun ??= { line: scanner.getTokenStartLine() + 1, from: scanner.getTokenOffset() };
    if (depth === 2 && open.length === 1 && kind === token.text) name = scanner.getTokenValue();
    if (isOpening(kind)) open.push(kind);
    if (isClosing(kind)) open.pop();
    to = scanner.getTokenOffset() + scanner.getTokenLength();
  }
  if (begun !== undefined) yield { ...begun, to: text.length };
  if (open.length > 0) yield { line: scanner.getTokenStartLine() + 1, from: to, to };
}

/** Fields of one record that hold a list of objects. */
const turnFields = new Set(['messages', 'conversations', 'prompt', 'chosen', 'rejected', 'completion']);

const isRecords = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isRecord);

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function* listRecords(text: string, field?: string): Generator<SourceRecord> {
  for (const { line, from, to } of elementsOf(text, field))
    yield from === to
      ? { line, unreadable: 'ends before its list is closed' }
      : recordOf(line, text.slice(from, to));
}

/**
 * A JSON document: a list of records, an object with one list of records, one record, or, under a wrong name, one record a
 * line.
 */
export async function* readJson(path: string): AsyncGenerator<SourceRecord> {
  const text = await readDocument(path);
  const begins = text.trimStart()[0];
  if (begins === '[') {
    yield* listRecords(text);
    return;
  }
  const whole = begins === '{' ? parseObject(text) : undefined;
  if (whole === undefined) {
    for (const { line, text: record } of linesOf(text)) yield recordOf(line, record);
    return;
  }
  const lists = Object.keys(whole).filter((name) => isRecords(whole[name]));
  // Chat turns are a list of objects in one record.
  const [only, ...others] = lists.filter((name) => !turnFields.has(name));
  if (others.length > 0)
    throw new BudgetlineError(
      'DATA_INVALID',
      `${path} has more than one list of records: ${lists.join(', ')}.`,
      { remedy: 'Write the one to use into a file of its own.' },
    );
  if (only === undefined) yield { line: 1, fields: whole };
  else yield* listRecords(text, only);
}
