import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Headers beyond this are no model's: the format's own limit (safetensors 0.4). */
const longestHeader = 100_000_000;

const tensorHeader = z.record(
  z.string(),
  z.looseObject({ shape: z.array(z.int().nonnegative()).optional() }),
);

async function readHeader(path: string): Promise<z.infer<typeof tensorHeader> | undefined> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(8);
    await file.read(length, 0, 8, 0);
    const size = Number(length.readBigUInt64LE());
    if (size > longestHeader) return undefined;
    const header = Buffer.alloc(size);
    await file.read(header, 0, size, 8);
    return tensorHeader.parse(JSON.parse(header.toString('utf8')));
  } finally {
    await file.close();
  }
}

async function countIn(path: string): Promise<number> {
  // The entry "__metadata__" has no shape, and so no weights.
  const tensors = Object.values((await readHeader(path)) ?? {});
  const sizes = tensors.map(({ shape }) => shape?.reduce((size, side) => size * side, 1) ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Weights of a model's folder, by the headers of its safetensors. undefined where it has none, or they cannot be read:
 * only the price of compute needs them, and what reads the model for its own sake says what is wrong with it.
 */
export async function countParameters(folder: string): Promise<number | undefined> {
  try {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));
    if (files.length === 0) return undefined;
    const counts = await Promise.all(files.map((name) => countIn(join(folder, name))));
    return counts.reduce((sum, count) => sum + count, 0);
  } catch {
    return undefined;
  }
}
