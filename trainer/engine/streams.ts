import { BudgetlineError } from '../../contracts/failures';
import { countSequences, type StreamShape } from '../model/stream';
import type { BufferTensor } from '../runtime';
import { firstTarget, isPair, promptTokens, sequencesOf } from './batches';
import { vectorTensor } from './packing';
import type { SequenceRow, TrainRow } from './types';

/** A run of tokens of one sequence that lies in one piece in a stream. */
interface Run {
  readonly row: number;
  readonly sequence: SequenceRow;
  /** Positions of its first token and behind its last one. */
  readonly from: number;
  readonly to: number;
  /** Place of its first token in its row: the prompt, then one sequence after the other. */
  readonly place: number;
}

/** Rows as a stream of tokens. */
export interface Stream {
  readonly prompts: readonly Run[];
  /** By sequence: all rows' first ones, then all second ones; rows that fill a batch up have none. */
  readonly scored: readonly (Run | null)[];
}

/** Nothing is predicted from a sequence's last token, so that is left out. */
const endOf = ({ ids }: SequenceRow): number => Math.max(0, ids.length - 1);

function scoredRuns(row: TrainRow, index: number): Run[] {
  const from = promptTokens(row);
  let place = from;
  return sequencesOf(row).map((sequence) => {
    const run = { row: index, sequence, from, to: Math.max(from, endOf(sequence)), place };
    place += run.to - from;
    return run;
  });
}

function requireFit(row: TrainRow, maxLength: number): void {
  const longest = Math.max(...sequencesOf(row).map(endOf));
  if (longest <= maxLength) return;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `A row of ${longest + 1} tokens does not fit the engine's ${maxLength} positions.`,
  );
}

/** Where the tokens of rows stand in a stream. */
export function planStream(rows: readonly TrainRow[], shape: StreamShape): Stream {
  for (const row of rows) requireFit(row, shape.maxLength);
  const prompts = rows.map((row, index) => {
    const [sequence] = sequencesOf(row);
    return { row: index, sequence, from: 0, to: promptTokens(row), place: 0 };
  });
  const scored: (Run | null)[] = Array.from({ length: countSequences(shape) }, () => null);
  for (const [index, row] of rows.entries())
    for (const [side, run] of scoredRuns(row, index).entries()) scored[side * shape.rows + index] = run;
  return { prompts: shape.prompts ? prompts : [], scored };
}

const lengthOf = (run: Run | null | undefined): number => (run ? run.to - run.from : 0);

function partLengths({ prompts, scored }: Stream, shape: StreamShape): Int32Array {
  const runs = [
    ...(shape.prompts ? Array.from({ length: shape.rows }, (_, row) => prompts[row] ?? null) : []),
    ...scored,
  ];
  return Int32Array.from(runs, lengthOf);
}

/** A value of every token of the runs, in order. */
function perToken(
  runs: readonly (Run | null)[],
  valueOf: (run: Run, position: number) => number,
): Int32Array {
  const values = new Int32Array(runs.reduce((sum, run) => sum + lengthOf(run), 0));
  let at = 0;
  for (const run of runs)
    for (let position = run?.from ?? 0; run && position < run.to; position += 1) {
      values[at] = valueOf(run, position);
      at += 1;
    }
  return values;
}

/** Each token's row and its place within the row: what dropout draws by. */
export function placesOf({ prompts, scored }: Stream): { row: Int32Array; place: Int32Array } {
  const runs = [...prompts, ...scored];
  return {
    row: perToken(runs, ({ row }) => row),
    place: perToken(runs, ({ place, from }, position) => place + position - from),
  };
}

/** The inputs of a graph over a stream; see streamInputs, scoreTargets and sumSequences. */
export function packStream(stream: Stream, shape: StreamShape): Record<string, BufferTensor> {
  const { prompts, scored } = stream;
  const runs = [...prompts, ...scored];
  const numbers = new Map(scored.map((run, number) => [run, number]));
  const counts = perToken(scored, ({ sequence }, position) => (position + 1 < firstTarget(sequence) ? 0 : 1));
  const feeds = {
    ids: vectorTensor(perToken(runs, ({ sequence }, position) => sequence.ids[position] ?? 0)),
    positions: vectorTensor(perToken(runs, (_, position) => position)),
    part_lengths: vectorTensor(partLengths(stream, shape)),
    targets: vectorTensor(perToken(scored, ({ sequence }, position) => sequence.ids[position + 1] ?? 0)),
    sequence_of: vectorTensor(perToken(scored, (run) => numbers.get(run) ?? 0)),
    mask: vectorTensor(Float32Array.from(counts)),
  };
  const before = prompts.reduce((sum, run) => sum + lengthOf(run), 0);
  return shape.prompts ? { ...feeds, prompt_tokens: vectorTensor(Int32Array.of(before)) } : feeds;
}

/** The shape of a batch of rows: one of few, each of which is a graph. */
export function shapeOf(
  rows: readonly TrainRow[],
  { microBatchSize, maxLength }: { microBatchSize: number; maxLength: number },
): StreamShape {
  return {
    rows: microBatchSize,
    sequences: rows.some(isPair) ? 2 : 1,
    prompts: rows.some((row) => promptTokens(row) > 0),
    maxLength,
  };
}
