import { extname } from 'node:path';
import type { RecordsFile, SourceRecord } from '../contracts/records';
import { BudgetlineError } from '../core/failures';
import { csvReader } from './sources/csv';
import { readJson, readJsonLines } from './sources/json';
import { readParquet } from './sources/parquet';

type Reader = (path: string) => AsyncGenerator<SourceRecord>;

const readers: Readonly<Record<string, Reader>> = {
  '.jsonl': readJsonLines,
  '.ndjson': readJsonLines,
  '.json': readJson,
  '.csv': csvReader(','),
  '.tsv': csvReader('\t'),
  '.parquet': readParquet,
};

/** A file's format by its name, with or without ".gz". */
function readerOf(path: string): Reader {
  const name = path.replace(/\.gz$/i, '');
  const read = readers[extname(name).toLowerCase()];
  if (read !== undefined) return read;
  throw new BudgetlineError('USAGE', `${path}: the extension is not of a format that can be read.`, {
    remedy: `Use one of: ${Object.keys(readers).join(', ')}; each may also end in .gz. Decompress other compressions.`,
  });
}

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
 * The records of a JSON Lines, JSON, CSV, TSV or Parquet file, in order, also of a gzipped one. The extension decides the
 * format.
 *
 * @throws BudgetlineError INPUT_MISSING, IO_FAILED, DATA_INVALID (the whole file is unreadable), USAGE
 */
export async function* readRecords(path: string): AsyncGenerator<SourceRecord> {
  const read = readerOf(path);
  try {
    yield* read(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** All records of a file at once. @throws BudgetlineError as {@link readRecords} */
export async function readRecordsFile(path: string): Promise<RecordsFile> {
  const records: SourceRecord[] = [];
  for await (const record of readRecords(path)) records.push(record);
  return { path, records };
}
