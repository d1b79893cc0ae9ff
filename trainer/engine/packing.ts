import { BudgetlineError } from '../../core/failures';
import { countSequences, type PackedShape } from '../model/packed-decoder';
import type { BufferTensor } from '../runtime';
import type { TokenOffsets } from './dropout';
import { firstTarget, isPair, promptTokens, sequencesOf } from './batches';
import { vectorTensor } from './feeds';
import type { SequenceRow, TrainRow } from '../rows';

/** Consecutive tokens of one sequence in a packed batch. */
interface Segment {
  readonly row: number;
  readonly sequence: SequenceRow;
  /** Positions in the sequence: [start, end). */
  readonly start: number;
  readonly end: number;
  /** Offset of its first token in the row: the prompt, then one sequence after the other. */
  readonly offset: number;
}

/** Where the tokens of rows are in a packed batch. */
export interface Packing {
  readonly prompts: readonly Segment[];
  /** The first sequences of all rows, then the second ones. null: an empty row. */
  readonly scored: readonly (Segment | null)[];
}

/** Without the last token, which predicts nothing. */
const endOf = ({ ids }: SequenceRow): number => Math.max(0, ids.length - 1);

function scoredSegments(row: TrainRow, index: number): Segment[] {
  const start = promptTokens(row);
  let offset = start;
  return sequencesOf(row).map((sequence) => {
    const segment = { row: index, sequence, start, end: Math.max(start, endOf(sequence)), offset };
    offset += segment.end - start;
    return segment;
  });
}

function requireFit(row: TrainRow, maxLength: number): void {
  const longest = Math.max(...sequencesOf(row).map(endOf));
  if (longest <= maxLength) return;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `A row has ${longest + 1} tokens, but the engine only has ${maxLength} positions.`,
  );
}

/** Plans the packing of rows. @throws CONFIG_INVALID if a row is longer than the shape's `maxLength`. */
export function planPacking(rows: readonly TrainRow[], shape: PackedShape): Packing {
  for (const row of rows) requireFit(row, shape.maxLength);
  const prompts = rows.map((row, index) => {
    const [sequence] = sequencesOf(row);
    return { row: index, sequence, start: 0, end: promptTokens(row), offset: 0 };
  });
  const scored: (Segment | null)[] = Array.from({ length: countSequences(shape) }, () => null);
  for (const [index, row] of rows.entries())
    for (const [side, segment] of scoredSegments(row, index).entries())
      scored[side * shape.rows + index] = segment;
  return { prompts: shape.prompts ? prompts : [], scored };
}

const lengthOf = (segment: Segment | null | undefined): number => (segment ? segment.end - segment.start : 0);

function segmentLengths({ prompts, scored }: Packing, shape: PackedShape): Int32Array {
  const segments = [
    ...(shape.prompts ? Array.from({ length: shape.rows }, (_, row) => prompts[row] ?? null) : []),
    ...scored,
  ];
  return Int32Array.from(segments, lengthOf);
}

/** One value for each token of the segments. */
function perToken(
  segments: readonly (Segment | null)[],
  valueOf: (segment: Segment, position: number) => number,
): Int32Array {
  const values = new Int32Array(segments.reduce((sum, segment) => sum + lengthOf(segment), 0));
  let at = 0;
  for (const segment of segments)
    for (let position = segment?.start ?? 0; segment && position < segment.end; position += 1) {
      values[at] = valueOf(segment, position);
      at += 1;
    }
  return values;
}

/** Each token's row and offset, which its dropout word depends on. */
export function tokenOffsets({ prompts, scored }: Packing): TokenOffsets {
  const segments = [...prompts, ...scored];
  return {
    row: perToken(segments, ({ row }) => row),
    offset: perToken(segments, ({ offset, start }, position) => offset + position - start),
  };
}

/** The feeds of a graph over a packed batch; see packedInputs, scoreTargets and sumSequences. */
export function packedFeeds(packing: Packing, shape: PackedShape): Record<string, BufferTensor> {
  const { prompts, scored } = packing;
  const segments = [...prompts, ...scored];
  const indices = new Map(scored.map((segment, index) => [segment, index]));
  const mask = perToken(scored, ({ sequence }, position) => (position + 1 < firstTarget(sequence) ? 0 : 1));
  const feeds = {
    ids: vectorTensor(perToken(segments, ({ sequence }, position) => sequence.ids[position] ?? 0)),
    positions: vectorTensor(perToken(segments, (_, position) => position)),
    segment_lengths: vectorTensor(segmentLengths(packing, shape)),
    targets: vectorTensor(perToken(scored, ({ sequence }, position) => sequence.ids[position + 1] ?? 0)),
    sequence_of: vectorTensor(perToken(scored, (segment) => indices.get(segment) ?? 0)),
    mask: vectorTensor(Float32Array.from(mask)),
  };
  const before = prompts.reduce((sum, segment) => sum + lengthOf(segment), 0);
  return shape.prompts ? { ...feeds, prompt_tokens: vectorTensor(Int32Array.of(before)) } : feeds;
}

/** The packed shape of rows. There are few shapes, with one graph each. */
export function shapeOf(
  rows: readonly TrainRow[],
  { microBatchSize, maxLength }: { microBatchSize: number; maxLength: number },
): PackedShape {
  return {
    rows: microBatchSize,
    sequences: rows.some(isPair) ? 2 : 1,
    prompts: rows.some((row) => promptTokens(row) > 0),
    maxLength,
  };
}
