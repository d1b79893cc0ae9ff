import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { BudgetlineError } from '../core/failures';
import { maxLineLength, parseFields, streamLines } from '../schemas/json-lines';
import type { SourceRecord } from './types';

/** Parquet rows in memory at once. */
const parquetRows = 1024;

type Reader = (path: string) => AsyncGenerator<SourceRecord>;

const readJsonLines: Reader = async function* (path) {
  const tooLong = (): BudgetlineError =>
    new BudgetlineError('DATA_INVALID', `${path} has a line of more than ${maxLineLength} characters.`);
  const pieces: AsyncIterable<string> = createReadStream(path, { encoding: 'utf8' });
  for await (const { line, text } of streamLines(pieces, tooLong)) {
    if (text.trim() === '') continue;
    const parsed = parseFields(text);
    yield 'fault' in parsed ? { line, unreadable: parsed.fault } : { line, ...parsed };
  }
};

interface CsvRecord {
  readonly record: string[];
  /** `lines`: number of lines up to the record's end. Records may hold line breaks. */
  readonly info: { readonly lines: number };
}

const csvReader = (delimiter: string): Reader =>
  async function* (path) {
    const { parse } = await import('csv-parse');
    const options = {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      max_record_size: maxLineLength,
    };
    const parser = createReadStream(path).pipe(parse(options));
    let header: string[] | undefined;
    let line = 1;
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      // A blank line arrives as a record of one empty field, so lines count as in an editor.
      const isBlank = record.length === 1 && record[0] === '';
      if (header === undefined) header = record;
      else if (!isBlank) yield csvRecord(line, header, record);
      line = info.lines + 1;
    }
  };

function csvRecord(line: number, header: readonly string[], values: readonly string[]): SourceRecord {
  if (values.length !== header.length)
    return { line, unreadable: `has ${values.length} fields where the header has ${header.length}` };
  return { line, fields: Object.fromEntries(header.map((name, index) => [name, values[index]])) };
}

/** Turns 64-bit integers, which arrive as BigInt, into numbers as in the other formats. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return plainFields(value);
}

const plainFields = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));

const readParquet: Reader = async function* (path) {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const handle = await open(path);
  try {
    const { size: byteLength } = await handle.stat();
    const slice = async (start: number, end = byteLength): Promise<ArrayBuffer> => {
      const bytes = new Uint8Array(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    };
    const file = { byteLength, slice };
    const metadata = await parquetMetadataAsync(file);
    const total = Number(metadata.num_rows);
    for (let rowStart = 0; rowStart < total; rowStart += parquetRows) {
      const rowEnd = Math.min(total, rowStart + parquetRows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      for (const [index, fields] of rows.entries())
        yield { line: rowStart + index + 1, fields: plainFields(fields) };
    }
  } finally {
    await handle.close();
  }
};

const readers: Readonly<Record<string, Reader>> = {
  '.jsonl': readJsonLines,
  '.ndjson': readJsonLines,
  '.csv': csvReader(','),
  '.tsv': csvReader('\t'),
  '.parquet': readParquet,
};

function unreadable(path: string, error: unknown): BudgetlineError {
  if (error instanceof BudgetlineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, { cause: error });
  if (code?.startsWith('E') === true)
    return new BudgetlineError('IO_FAILED', `Cannot read ${path}: ${message}.`, { cause: error });
  return new BudgetlineError('DATA_INVALID', `${path} cannot be read: ${message}.`, {
    remedy: 'Check that the file is complete and has the format of its extension.',
    cause: error,
  });
}

/**
 * The records of a JSON Lines, CSV, TSV or Parquet file, in order. The extension decides the format.
 *
 * @throws BudgetlineError INPUT_MISSING, IO_FAILED, DATA_INVALID (the whole file is unreadable), USAGE
 */
export async function* readRecords(path: string): AsyncGenerator<SourceRecord> {
  const read = readers[extname(path).toLowerCase()];
  if (read === undefined)
    throw new BudgetlineError('USAGE', `${path}: the extension is not of a format that can be read.`, {
      remedy: `Use one of: ${Object.keys(readers).join(', ')}.`,
    });
  try {
    yield* read(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}
