import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import type { SourceRecord } from '../../contracts/records';
import { isGzipped, readBytes } from './bytes';
import { parseExactly } from './exact-json';

/** Rows in memory at once. */
const rowsAtOnce = 1024;

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

const parsers = {
  /** Bytes that are not UTF-8 stay bytes, which no field of a row takes. */
  stringFromBytes: (bytes: Uint8Array | undefined) =>
    bytes === undefined || !isUtf8(bytes) ? bytes : textOf(bytes),
  jsonFromBytes(bytes: Uint8Array | undefined): unknown {
    if (bytes === undefined || !isUtf8(bytes)) return bytes;
    try {
      return parseExactly(textOf(bytes));
    } catch {
      return textOf(bytes);
    }
  },
};

/**
 * Values as the other formats have them: 64-bit integers, which arrive as BigInt, as numbers, or as text where a number
 * cannot hold them; times as text.
 */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return plainFields(value);
}

const plainFields = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));

/** Bytes of a file by position, as the Parquet reader asks for them. */
interface RandomAccess {
  readonly byteLength: number;
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

async function plainAccess(handle: FileHandle): Promise<RandomAccess> {
  const { size: byteLength } = await handle.stat();
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(end - start);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      if (bytesRead < bytes.length) throw new Error(`it ends before byte ${end}`);
      return bytes.buffer;
    },
  };
}

async function gzippedAccess(path: string): Promise<RandomAccess> {
  const pieces: Buffer[] = [];
  for await (const piece of readBytes(path)) pieces.push(piece);
  const { buffer, byteLength } = new Uint8Array(Buffer.concat(pieces));
  return { byteLength, slice: (start, end = byteLength) => Promise.resolve(buffer.slice(start, end)) };
}

async function* readRows(file: RandomAccess): AsyncGenerator<SourceRecord> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const metadata = await parquetMetadataAsync(file);
  const total = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < total; rowStart += rowsAtOnce) {
    const rowEnd = Math.min(total, rowStart + rowsAtOnce);
    const rows = await parquetReadObjects({ file, metadata, compressors, parsers, rowStart, rowEnd });
    for (const [index, fields] of rows.entries())
      yield { line: rowStart + index + 1, fields: plainFields(fields) };
  }
}

/** A Parquet file; `line` is the number of the row. A gzipped one is held in memory. */
export async function* readParquet(path: string): AsyncGenerator<SourceRecord> {
  if (await isGzipped(path)) {
    yield* readRows(await gzippedAccess(path));
    return;
  }
  const handle = await open(path);
  try {
    yield* readRows(await plainAccess(handle));
  } finally {
    await handle.close();
  }
}
