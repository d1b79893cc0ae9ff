import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { SourceRecord } from '../../contracts/records';
import { createRandom } from '../../core/random';
import { readRecordsFile } from '../../ingest';
import { temporaryFolder } from './temporary';

/** Fields of a record of the tests: texts, as every container holds them. */
export type TextRecord = Readonly<Record<string, string>>;

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

/** Records as the text of each kind of container. */
export const containers = {
  jsonl: (records: readonly TextRecord[], end: string) =>
    records.map((record) => JSON.stringify(record) + end).join(''),
  json: (records: readonly TextRecord[], end: string) =>
    JSON.stringify(records, null, 2).replaceAll('\n', end),
  'compact.json': (records: readonly TextRecord[]) => JSON.stringify(records),
  'wrapped.json': (records: readonly TextRecord[], end: string) =>
    JSON.stringify({ version: 1, notes: ['a', 'b'], data: records }, null, 1).replaceAll('\n', end),
  'lines.json': (records: readonly TextRecord[], end: string) =>
    records.map((record) => JSON.stringify(record)).join(end),
  csv: (records: readonly TextRecord[], end: string) => separated(records, { by: ',', end }),
  tsv: (records: readonly TextRecord[], end: string) => separated(records, { by: '\t', end }),
} as const;

function separated(records: readonly TextRecord[], { by, end }: { by: string; end: string }): string {
  const names = Object.keys(records[0] ?? {});
  const rows = records.map((record) => names.map((name) => quoted(record[name] ?? '')).join(by));
  return [names.join(by), ...rows].join(end) + end;
}

const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');

/** A text as bytes of each encoding that is read. */
export const encodings = {
  'UTF-8': (text: string) => Buffer.from(text),
  'UTF-8 with a mark': (text: string) => Buffer.from(`\ufeff${text}`),
  'UTF-16LE with a mark': (text: string) => utf16le(`\ufeff${text}`),
  'UTF-16BE with a mark': (text: string) => utf16le(`\ufeff${text}`).swap16(),
} as const;

export const lineEnds = { LF: '\n', 'CR LF': '\r\n', CR: '\r' } as const;

export const compressions = {
  plain: (bytes: Buffer) => bytes,
  gz: (bytes: Buffer) => gzipSync(bytes),
} as const;

const alphabets = [
  'abc "quoted", it’s',
  'Größe; Ärger\ttab',
  '我们今天去公园',
  'emoji 🙂🏽 and ₹',
  '\\ / {} [] : "',
  'दिन की',
];

/** Seeded records with texts that containers must escape: quotes, separators, line breaks, characters of every length. */
export function makeRecords(seed: number): TextRecord[] {
  const random = createRandom('row-files', seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const textOf = (name: string, at: number): string =>
    [name, at, pick(alphabets), pick(['', '\nnext line', ', more', ' ""']), pick(alphabets)].join(' ');
  return Array.from({ length: 3 + Math.floor(random() * 5) }, (_, at) => ({
    prompt: textOf('question', at),
    completion: textOf('answer', at),
  }));
}

/** A folder to write files into, and the records that are read from them. */
export function rowFolder() {
  const folder = temporaryFolder();
  const write = (name: string, bytes: string | Buffer): string => {
    writeFileSync(folder.at(name), bytes);
    return folder.at(name);
  };
  return {
    write,
    read: async (name: string, bytes: string | Buffer): Promise<readonly SourceRecord[]> =>
      (await readRecordsFile(write(name, bytes))).records,
  };
}

/** The fields of each record, or why it cannot be read. */
export const fieldsOf = (records: readonly SourceRecord[]) =>
  records.map((record) => ('fields' in record ? record.fields : record.unreadable));

/** The line of each record, and 'read' or why it cannot be read. */
export const linesOf = (records: readonly SourceRecord[]) =>
  records.map((record) => [record.line, 'fields' in record ? 'read' : record.unreadable]);
