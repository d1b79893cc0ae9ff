import { drawWords, streams } from '../data/random';
import { createWords, hashName } from '../model/random';
import type { BufferTensor } from '../runtime';
import { vectorTensor } from './packing';

/** Which rows of which step a micro-batch holds. */
export interface DropoutPlace {
  readonly seed: number;
  readonly step: number;
  /** Place of the micro-batch's first row in the whole step. */
  readonly firstRow: number;
}

/** Of each token of a stream: its row in the micro-batch, and its place in that row. */
export interface TokenPlaces {
  readonly row: Int32Array;
  readonly place: Int32Array;
}

/** Words that one draw makes. */
const drawn = 4;

/**
 * A random word for each token [N]: a function of seed, step, the row's place in the step and the token's place in
 * the row. How a step is split changes none of them.
 */
export function tokenWords(
  { seed, step, firstRow }: DropoutPlace,
  { row: rows, place: places }: TokenPlaces,
): BufferTensor {
  const data = new Int32Array(rows.length);
  let held = { row: -1, block: -1, words: data };
  for (const [token, place] of places.entries()) {
    const [row, block] = [rows[token] ?? 0, Math.floor(place / drawn)];
    if (held.row !== row || held.block !== block) {
      const id = { seed, purpose: streams.dropout, words: [step, firstRow + row, 0] } as const;
      held = { row, block, words: Int32Array.from(drawWords(id, block), (word) => word | 0) };
    }
    data[token] = held.words[place % drawn] ?? 0;
  }
  return vectorTensor(data);
}

/** A random word for each input of a module: its name's own stream, the same in every run. */
export function columnWords(module: string, width: number): Int32Array {
  const next = createWords(hashName(0, `dropout ${module}`));
  return Int32Array.from({ length: width }, () => next() | 0);
}
