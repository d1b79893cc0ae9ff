import { ops, type Value } from '../graph';
import {
  decoderLayer,
  embed,
  finalNorm,
  masked,
  type DecoderContext,
  type LayerCache,
  type TokenMixer,
} from './decoder';
import { rotaryTables } from './rotary';

/** Tokens of a batch, and those of them that predict something: known only when a graph runs. */
const streamTokens = -2;
const scoredTokens = -3;

/**
 * The tokens of a batch one after another, without padding: first what no loss looks at, every row's prompt, then every
 * sequence's scored part, row by row of the first sequences, then of the second ones.
 */
export interface StreamShape {
  readonly rows: number;
  /** Sequences that go on from one prompt: 2 in a pair. */
  readonly sequences: 1 | 2;
  /** Whether there are prompts; where nothing stands before the scored tokens there are none. */
  readonly prompts: boolean;
  /** Positions that a sequence may take. */
  readonly maxLength: number;
}

export const countPrompts = ({ rows, prompts }: StreamShape): number => (prompts ? rows : 0);

export const countSequences = ({ rows, sequences }: StreamShape): number => rows * sequences;

/** For each part of a stream, in order, the parts that it sees in front of its own tokens. */
export function contextsOf(shape: StreamShape): number[][] {
  const prompts = countPrompts(shape);
  const promptOf = (sequence: number): number[] => (shape.prompts ? [sequence % shape.rows] : []);
  return Array.from({ length: prompts + countSequences(shape) }, (_, part) =>
    part < prompts ? [] : promptOf(part - prompts),
  );
}

/** What a graph is told of the stream that it runs on. */
export interface StreamInputs {
  /** Size of the stream and of its scored end. */
  readonly tokens: number;
  readonly scored: number;
  /** Token ids i64 [N], and the position of each in its sequence i64 [N, 1]. */
  readonly ids: Value;
  readonly positions: Value;
  /** Tokens of each part: i64 [P]. */
  readonly lengths: Value;
  /** Tokens before the scored ones: i64 [1]. */
  readonly start: Value;
}

export function streamInputs(shape: StreamShape): StreamInputs {
  const [tokens, scored] = [streamTokens, shape.prompts ? scoredTokens : streamTokens];
  const token = (name: string): Value => ops.cast(ops.input(name, 'i32', [tokens]), 'i64');
  return {
    tokens,
    scored,
    ids: token('ids'),
    positions: ops.reshape(token('positions'), [tokens, 1]),
    lengths: ops.cast(ops.input('part_lengths', 'i32', [contextsOf(shape).length]), 'i64'),
    start: ops.cast(ops.input('prompt_tokens', 'i32', [1]), 'i64'),
  };
}

/** How many tokens are scored: i64 [1]. */
export function countScored({ lengths }: StreamInputs, shape: StreamShape): Value {
  const parts = contextsOf(shape).length;
  return ops.reshape(ops.sum(ops.slice(lengths, 0, countPrompts(shape), parts)), [1]);
}

/** The scored end of something that every token of a stream has: [N, …] → [S, …]. */
export const scoredRows = (x: Value, { start, tokens, scored }: StreamInputs): Value =>
  scored === tokens ? x : ops.rowsFrom(x, start, scored);

interface MixerOptions {
  /** Tokens of each part (i64 [P]), positions of all tokens and of those that ask (i64 [N, 1], [M, 1]). */
  readonly lengths: Value;
  readonly positions: Value;
  readonly asked: Value;
  /** Of the parts that ask. */
  readonly masks: readonly Value[];
  readonly contexts: readonly (readonly number[])[];
  /** The first part whose tokens ask. */
  readonly first: number;
  readonly maxLength: number;
  /** Is told every layer's keys and values: [N, KV · hd]. */
  readonly keep?: (cache: LayerCache) => void;
}

export function createStreamMixer(context: DecoderContext, options: MixerOptions): TokenMixer {
  const { lengths, masks, contexts, first, maxLength, positions, asked, keep } = options;
  const { heads, keyValueHeads, headSize } = context.config;
  const tables = rotaryTables(context.config, maxLength);
  const turn = (x: Value, at: Value, count: number): Value => {
    const [tokens = 0, width = 0] = x.shape;
    const rotary = { ...tables, positions: at };
    return ops.reshape(context.pieces.rotate(ops.reshape(x, [tokens, 1, width]), rotary, count), [
      tokens,
      width,
    ]);
  };
  return ({ q, k: plain, v }) => {
    const k = turn(plain, positions, keyValueHeads);
    keep?.({ k, v });
    return ops.streamAttention(
      { q: turn(q, asked, heads), k, v, lengths, masks },
      { scale: headSize ** -0.5, heads, keyValueHeads, contexts, first },
    );
  };
}

/** What the head reads of the scored tokens: [S, D]. The last layer gives nobody but them an answer. */
export function decodeStream(
  context: DecoderContext,
  inputs: StreamInputs,
  shape: StreamShape & { readonly betweenLayers?: ((x: Value) => void) | undefined },
): Value {
  const { heads, keyValueHeads, layers } = context.config;
  const contexts = contextsOf(shape);
  const masks = ops.streamMasks(inputs.lengths, {
    contexts,
    first: 0,
    repeats: heads / keyValueHeads,
    masked,
  });
  const { maxLength, betweenLayers = () => undefined } = shape;
  const { positions, lengths } = inputs;
  const all = { lengths, positions, contexts, maxLength };
  const mix = createStreamMixer(context, { ...all, asked: positions, masks, first: 0 });
  const first = countPrompts(shape);
  let x = embed(context, inputs.ids);
  betweenLayers(x);
  for (let layer = 0; layer < layers - 1; layer += 1) {
    x = decoderLayer(context, x, layer, { mix });
    betweenLayers(x);
  }
  x = decoderLayer(context, x, layers - 1, {
    mix: createStreamMixer(context, {
      ...all,
      asked: first === 0 ? positions : scoredRows(positions, inputs),
      masks: masks.slice(first),
      first,
    }),
    select: (value) => scoredRows(value, inputs),
  });
  betweenLayers(x);
  return finalNorm(context, x);
}
