import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { BudgetlineError } from '../../core/failures';

/** How compressed files begin. */
const signatures = {
  gzip: [0x1f, 0x8b],
  Zstandard: [0x28, 0xb5, 0x2f, 0xfd],
  bzip2: [0x42, 0x5a, 0x68],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  zip: [0x50, 0x4b, 0x03, 0x04],
} as const;

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(8), 0, 8, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** How a file is compressed, by its first bytes: names are often wrong. */
async function compressionOf(path: string): Promise<keyof typeof signatures | undefined> {
  const first = await firstBytes(path);
  return Object.entries(signatures).find(([, bytes]) =>
    bytes.every((byte, at) => first[at] === byte),
  )?.[0] as keyof typeof signatures | undefined;
}

/** Whether a file is compressed with gzip. @throws BudgetlineError USAGE for other compressions */
export async function isGzipped(path: string): Promise<boolean> {
  const compression = await compressionOf(path);
  if (compression === undefined || compression === 'gzip') return compression === 'gzip';
  throw new BudgetlineError('USAGE', `${path} is compressed with ${compression}, which is not read.`, {
    remedy: 'Decompress it, or compress it with gzip.',
  });
}

/** The bytes of a file, decompressed. A damaged gzip file fails where the damage is. */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const isPlain = !(await isGzipped(path));
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  if (isPlain) {
    yield* file as AsyncIterable<Buffer>;
    return;
  }
  const unzipped = createGunzip({ chunkSize: 1 << 18 });
  file.on('error', (error) => unzipped.destroy(error));
  yield* file.pipe(unzipped) as AsyncIterable<Buffer>;
}
