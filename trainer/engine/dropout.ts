import { drawWords, streams } from '../data/random';
import { createWords, hashName } from '../model/random';
import type { BufferTensor } from '../runtime';
import { vectorTensor } from './feeds';

/** Identifies the rows of a micro-batch within the run. */
export interface DropoutKey {
  readonly seed: number;
  readonly step: number;
  /** Index of the micro-batch's first row in the whole step. */
  readonly firstRow: number;
}

/** For each token of a packed batch: its row in the micro-batch and its offset in that row. */
export interface TokenOffsets {
  readonly row: Int32Array;
  readonly offset: Int32Array;
}

/** Words of one Philox block. */
const wordsPerBlock = 4;

/**
 * A random word for each token [N], from the seed, the step, the row's index in the step and the token's offset in the
 * row. It does not depend on the micro-batch size.
 */
export function tokenWords(
  { seed, step, firstRow }: DropoutKey,
  { row: rows, offset: offsets }: TokenOffsets,
): BufferTensor {
  const data = new Int32Array(rows.length);
  let cached = { row: -1, block: -1, words: data };
  for (const [token, offset] of offsets.entries()) {
    const [row, block] = [rows[token] ?? 0, Math.floor(offset / wordsPerBlock)];
    if (cached.row !== row || cached.block !== block) {
      const id = { seed, purpose: streams.dropout, words: [step, firstRow + row, 0] } as const;
      cached = { row, block, words: Int32Array.from(drawWords(id, block), (word) => word | 0) };
    }
    data[token] = cached.words[offset % wordsPerBlock] ?? 0;
  }
  return vectorTensor(data);
}

/** A random word for each input of a module. It only depends on the module's name. */
export function columnWords(module: string, width: number): Int32Array {
  const next = createWords(hashName(0, `dropout ${module}`));
  return Int32Array.from({ length: width }, () => next() | 0);
}
