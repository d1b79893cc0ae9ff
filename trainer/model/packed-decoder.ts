import { ops, type Segments, type Value } from '../graph';
import type { Attention, DecoderContext, RotaryEmbedding } from '../families/define';
import { decoderLayer, embed, finalNorm, masked, type LayerCache } from './decoder';
import { createRopeTables } from './rope';

/** Dynamic sizes: the tokens of a packed batch, and its scored tokens. */
const packedSize = -2;
const scoredSize = -3;

/**
 * The shape of a packed batch: all tokens without padding. Each row's prompt comes first, which has no loss, then the
 * scored part of each sequence: the first sequence of all rows, then the second one.
 */
export interface PackedShape {
  readonly rows: number;
  /** Sequences that share one prompt: 2 in a pair. */
  readonly sequences: 1 | 2;
  /** Whether rows have unscored tokens in front of the scored ones. */
  readonly prompts: boolean;
  /** Maximum number of positions of a sequence. */
  readonly maxLength: number;
}

export const countPrompts = ({ rows, prompts }: PackedShape): number => (prompts ? rows : 0);

export const countSequences = ({ rows, sequences }: PackedShape): number => rows * sequences;

/** For each segment the segments in its context: an answer attends to its prompt. */
export function contextsOf(shape: PackedShape): number[][] {
  const prompts = countPrompts(shape);
  const promptOf = (sequence: number): number[] => (shape.prompts ? [sequence % shape.rows] : []);
  return Array.from({ length: prompts + countSequences(shape) }, (_, segment) =>
    segment < prompts ? [] : promptOf(segment - prompts),
  );
}

/** The inputs of a graph over a packed batch. */
export interface PackedInputs {
  /** Dynamic sizes: all tokens N and the scored tokens S. */
  readonly tokens: number;
  readonly scored: number;
  /** Token ids i64 [N], and their positions in the sequence i64 [N, 1]. */
  readonly ids: Value;
  readonly positions: Value;
  /** Tokens of each segment: i64 [P]. */
  readonly lengths: Value;
  /** Number of tokens in front of the scored ones: i64 [1]. */
  readonly start: Value;
}

export function packedInputs(shape: PackedShape): PackedInputs {
  const [tokens, scored] = [packedSize, shape.prompts ? scoredSize : packedSize];
  const token = (name: string): Value => ops.cast(ops.input(name, 'i32', [tokens]), 'i64');
  return {
    tokens,
    scored,
    ids: token('ids'),
    positions: ops.reshape(token('positions'), [tokens, 1]),
    lengths: ops.cast(ops.input('segment_lengths', 'i32', [contextsOf(shape).length]), 'i64'),
    start: ops.cast(ops.input('prompt_tokens', 'i32', [1]), 'i64'),
  };
}

/** Number of scored tokens: i64 [1]. */
export function countScored({ lengths }: PackedInputs, shape: PackedShape): Value {
  const segments = contextsOf(shape).length;
  return ops.reshape(ops.sum(ops.slice(lengths, 0, countPrompts(shape), segments)), [1]);
}

/** The rows of the scored tokens: [N, …] → [S, …]. */
export const scoredRows = (x: Value, { start, tokens, scored }: PackedInputs): Value =>
  scored === tokens ? x : ops.dynamicSlice(x, start, scored);

interface AttentionOptions extends Segments {
  /** Tokens of each segment: i64 [P]. */
  readonly lengths: Value;
  /** Positions of all tokens (i64 [N, 1]) and of the queries (i64 [M, 1]). */
  readonly positions: Value;
  readonly queryPositions: Value;
  /** One for each query segment. */
  readonly masks: readonly Value[];
  readonly maxLength: number;
  /** Receives the keys and values of each layer: [N, KV · hd]. */
  readonly onKeyValues?: (cache: LayerCache) => void;
}

export function createVarlenAttention(context: DecoderContext, options: AttentionOptions): Attention {
  const { lengths, masks, contexts, firstQuery, maxLength, positions, queryPositions, onKeyValues } = options;
  const { family, heads, keyValueHeads } = context.config;
  const tablesOf = createRopeTables(maxLength);
  const rotate = (rotary: RotaryEmbedding | null, x: Value, at: Value, count: number): Value => {
    if (rotary === null) return x;
    const [tokens = 0, width = 0] = x.shape;
    const angles = { ...tablesOf(rotary), positions: at };
    return ops.reshape(context.decoderOps.rope(ops.reshape(x, [tokens, 1, width]), angles, count), [
      tokens,
      width,
    ]);
  };
  return ({ q, k: unrotated, v }, layer) => {
    const { scale, rotary } = family.decoder.attention(context.config, layer);
    const k = rotate(rotary, unrotated, positions, keyValueHeads);
    onKeyValues?.({ k, v });
    return ops.varlenAttention(
      { q: rotate(rotary, q, queryPositions, heads), k, v, lengths, masks },
      { scale, heads, keyValueHeads, contexts, firstQuery },
    );
  };
}

/** Inputs of the head at the scored tokens: [S, D]. The last layer only computes these. */
export function decodePacked(
  context: DecoderContext,
  inputs: PackedInputs,
  shape: PackedShape & { readonly onResidual?: ((x: Value) => void) | undefined },
): Value {
  const { heads, keyValueHeads, layers } = context.config;
  const contexts = contextsOf(shape);
  const masks = ops.varlenMasks(inputs.lengths, {
    contexts,
    firstQuery: 0,
    repeats: heads / keyValueHeads,
    masked,
  });
  const { maxLength, onResidual = () => undefined } = shape;
  const { positions, lengths } = inputs;
  const all = { lengths, positions, contexts, maxLength };
  const attend = createVarlenAttention(context, { ...all, queryPositions: positions, masks, firstQuery: 0 });
  const firstQuery = countPrompts(shape);
  let x = embed(context, inputs.ids, positions);
  onResidual(x);
  for (let layer = 0; layer < layers - 1; layer += 1) {
    x = decoderLayer(context, x, layer, { attend });
    onResidual(x);
  }
  x = decoderLayer(context, x, layers - 1, {
    attend: createVarlenAttention(context, {
      ...all,
      queryPositions: firstQuery === 0 ? positions : scoredRows(positions, inputs),
      masks: masks.slice(firstQuery),
      firstQuery,
    }),
    select: (value) => scoredRows(value, inputs),
  });
  onResidual(x);
  return finalNorm(context, x);
}
