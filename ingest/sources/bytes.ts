import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { BudgetlineError } from '../../core/failures';

/** Bytes that a file of some kind begins with. */
interface Signature {
  readonly bytes: readonly number[];
}

/** The signature that bytes begin with. */
export const signatureOf = <S extends Signature>(bytes: Uint8Array, known: readonly S[]): S | undefined =>
  known.find((one) => one.bytes.every((byte, at) => bytes[at] === byte));

const compressions = [
  { name: 'gzip', bytes: [0x1f, 0x8b] },
  { name: 'Zstandard', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'bzip2', bytes: [0x42, 0x5a, 0x68] },
  { name: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: 'zip', bytes: [0x50, 0x4b, 0x03, 0x04] },
] as const;

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(8), 0, 8, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether a file is compressed with gzip, by its bytes: names are often wrong. @throws BudgetlineError USAGE for other compressions */
export async function isGzipped(path: string): Promise<boolean> {
  const found = signatureOf(await firstBytes(path), compressions);
  if (found === undefined || found.name === 'gzip') return found !== undefined;
  throw new BudgetlineError('USAGE', `${path} is compressed with ${found.name}, which is not read.`, {
    remedy: 'Decompress it, or compress it with gzip.',
  });
}

/** The bytes of a file, decompressed. A damaged gzip file fails where the damage is. */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const isPlain = !(await isGzipped(path));
  const file = createReadStream(path, { highWaterMark: 1 << 16 });
  if (isPlain) {
    yield* file as AsyncIterable<Buffer>;
    return;
  }
  const unzipped = createGunzip({ chunkSize: 1 << 18 });
  // Closes the file also where the reader stops early. Errors arrive in what is read.
  yield* pipeline(file, unzipped, () => undefined) as AsyncIterable<Buffer>;
}
