import { dynamic, ops, type TensorType, type Value } from '../graph';
import type { Attention } from '../families/define';
import { decoderLayer, embed, masked, logitsOf, type LayerCache } from './decoder';
import { mergeHeads, splitQueries, repeatSamples, type GenerationContext } from './generation-context';
import { createVarlenAttention } from './packed-decoder';

/** Dynamic sizes: the tokens of all prompts, and of the current one. */
const allTokens = -5;
const promptTokens = -6;

/** The tokens of one prompt. */
interface Prompt {
  /** i64 [n] */
  readonly ids: Value;
  /** 0 … n − 1: i64 [n, 1] */
  readonly positions: Value;
  /** n: i64 [1] */
  readonly length: Value;
}

/** The positions of a prompt's tokens. */
function positionsOf(length: Value, promptLength: number): Value {
  const all = ops.integers([...Array(promptLength).keys()]);
  const own = ops.dynamicSliceRange(all, [ops.integers([0]), length], promptTokens);
  return ops.reshape(own, [promptTokens, 1]);
}

/** Pads a prompt's keys or values with zeros and splits them by head: [n, KV · hd] → [KV, P, hd]. */
function padHeads(
  { spec: { config, promptLength } }: GenerationContext,
  x: Value,
  { length }: Prompt,
): Value {
  const { keyValueHeads, headSize } = config;
  const width = keyValueHeads * headSize;
  const zeros = ops.broadcastTo(ops.reshape(ops.scalar(0), [1, 1]), [promptLength, width]);
  const padding = ops.dynamicSliceRange(zeros, [length, ops.integers([promptLength])], dynamic);
  const padded = ops.reshape(ops.concat([x, padding], 0), [promptLength, width]);
  return ops.transpose(ops.reshape(padded, [promptLength, keyValueHeads, headSize]), [1, 0, 2]);
}

/** Attention within one prompt. `onKeyValues` receives the keys and values of each layer. */
function createPromptAttention(
  generation: GenerationContext,
  { length, positions }: Prompt,
  onKeyValues: (cache: LayerCache) => void,
): Attention {
  const { context, spec } = generation;
  const { config, promptLength, maxNewTokens } = spec;
  const segment = { contexts: [[]], firstQuery: 0 };
  const repeats = config.heads / config.keyValueHeads;
  return createVarlenAttention(context, {
    ...segment,
    lengths: length,
    positions,
    queryPositions: positions,
    masks: ops.varlenMasks(length, { ...segment, repeats, masked }),
    maxLength: promptLength + maxNewTokens,
    onKeyValues,
  });
}

/** The last layer's input at a prompt's last token [1, D], and each layer's keys, then values: [KV, P, hd]. */
function prefillPrompt(
  generation: GenerationContext,
  prompt: Prompt,
): { hidden: Value; caches: readonly Value[] } {
  const { context, spec } = generation;
  const caches: Value[] = [];
  const attend = createPromptAttention(generation, prompt, ({ k, v }) =>
    caches.push(padHeads(generation, k, prompt), padHeads(generation, v, prompt)),
  );
  const last = spec.config.layers - 1;
  let x = embed(context, prompt.ids, prompt.positions);
  for (let layer = 0; layer < last; layer += 1) x = decoderLayer(context, x, layer, { attend });
  // Only the keys and values of the last layer are used.
  decoderLayer(context, x, last, { attend });
  const before = ops.sub(prompt.length, ops.integers([1]));
  return { hidden: ops.dynamicSliceRange(x, [before, prompt.length], 1), caches };
}

/**
 * Prefills one prompt after the other, so that none is padded and no result depends on its neighbours. Graph input: ids
 * (i32 [N]) of all prompts, concatenated. → the last layer's input at their last tokens [U, D], and the KV caches.
 */
function prefillPrompts(generation: GenerationContext): { x: Value; caches: readonly LayerCache[] } {
  const { prompts, promptLengths, spec } = generation;
  const { config, promptLength } = spec;
  const ids = ops.cast(ops.input('ids', 'i32', [allTokens]), 'i64');
  const offset: TensorType = { dtype: 'i64', shape: [1] };
  const [, x, ...caches] = ops.loop(prompts, [ops.integers([0])], [offset], (iteration, [start]) => {
    if (start === undefined) throw new RangeError('the carry has no offset');
    const length = ops.reshape(ops.gatherRows(promptLengths, iteration), [1]);
    const end = ops.add(start, length);
    const prompt = {
      ids: ops.dynamicSliceRange(ids, [start, end], promptTokens),
      positions: positionsOf(length, promptLength),
      length,
    };
    const { hidden, caches: ofPrompt } = prefillPrompt(generation, prompt);
    return { condition: ops.bool(true), carry: [end], ys: [hidden, ...ofPrompt] };
  });
  /** [U, a, …] → [U · a, …] */
  const join = (stacked: Value | undefined, [first, ...rest]: readonly [number, ...number[]]): Value => {
    if (stacked === undefined) throw new RangeError('the loop has too few scan outputs');
    return ops.reshape(ops.reshape(stacked, [prompts, first, ...rest]), [prompts * first, ...rest]);
  };
  const cacheAt = (index: number): Value =>
    join(caches[index], [config.keyValueHeads, promptLength, config.headSize]);
  return {
    x: join(x, [1, config.hiddenSize]),
    caches: Array.from({ length: config.layers }, (_, layer) => ({
      k: cacheAt(2 * layer),
      v: cacheAt(2 * layer + 1),
    })),
  };
}

/** The last token of each prompt attends to the prompt. */
function createLastTokenAttention(generation: GenerationContext, cache: LayerCache): Attention {
  const { promptLengths, prompts, promptMask: mask } = generation;
  const positions = ops.reshape(ops.sub(promptLengths, ops.integers([1])), [prompts, 1]);
  return ({ q }, layer) => {
    const queries = splitQueries(generation, q, layer, positions);
    return mergeHeads(generation, ops.attention({ q: queries, ...cache, mask }, 1));
  };
}

/**
 * Runs each prompt once → logits of the next token of each row [B, V], and the KV caches of the prompts
 * [U · KV, P, hd]. The last layer only computes the last tokens.
 */
export function prefill(generation: GenerationContext): { logits: Value; caches: readonly LayerCache[] } {
  const { context, spec } = generation;
  const { x, caches } = prefillPrompts(generation);
  const last = spec.config.layers - 1;
  const attend = createLastTokenAttention(generation, caches[last]!);
  return {
    logits: repeatSamples(spec, logitsOf(context, decoderLayer(context, x, last, { attend }))),
    caches,
  };
}
