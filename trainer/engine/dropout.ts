import { drawWords, streams } from '../data/random';
import { createWords, hashName } from '../model/random';
import type { BufferTensor } from '../runtime';
import type { BatchShape } from './batches';

/** Which rows of which step a micro-batch holds. */
export interface DropoutPlace {
  readonly seed: number;
  readonly step: number;
  /** Place of the micro-batch's first row in the whole step. */
  readonly firstRow: number;
}

/**
 * A random word for each token [B · T]: a function of seed, step, the row's place in the step and the token's place in
 * the row. How a step is split and padded changes none of them.
 */
export function tokenWords(
  { seed, step, firstRow }: DropoutPlace,
  { rows, length }: BatchShape,
): BufferTensor {
  const data = new Int32Array(rows * length);
  for (let row = 0; row < rows; row += 1) {
    const id = { seed, purpose: streams.dropout, words: [step, firstRow + row, 0] } as const;
    for (let at = 0; at < length; at += 4)
      data.set(drawWords(id, at / 4).slice(0, length - at), row * length + at);
  }
  return { dims: [data.length], data };
}

/** A random word for each input of a module: its name's own stream, the same in every run. */
export function columnWords(module: string, width: number): Int32Array {
  const next = createWords(hashName(0, `dropout ${module}`));
  return Int32Array.from({ length: width }, () => next() | 0);
}
