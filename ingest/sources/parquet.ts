import { type FileHandle, open } from 'node:fs/promises';
import type { SourceRecord } from '../types';
import { isGzipped, readBytes } from './bytes';

/** Rows in memory at once. */
const rowsAtOnce = 1024;

/** Turns 64-bit integers, which arrive as BigInt, into numbers as in the other formats; large ones into exact text. */
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
      await handle.read(bytes, 0, bytes.length, start);
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
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
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
