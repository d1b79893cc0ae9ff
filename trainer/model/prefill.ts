import { growing, ops, type TensorType, type Value } from '../graph';
import { decoderLayer, embed, masked, readOut, type LayerCache, type TokenMixer } from './decoder';
import { joinHeads, newHeads, repeatSamples, type Frame } from './generation-frame';
import { createStreamMixer } from './stream';

/** Stand for the tokens of all prompts, and of the one at hand: known only when the graph runs. */
const allTokens = -5;
const ownTokens = -6;

/** The tokens of one prompt. */
interface Prompt {
  /** i64 [n] */
  readonly ids: Value;
  /** n: i64 [1] */
  readonly length: Value;
}

/** Tokens [n, KV · hd] and nothing behind them, up to a prompt's places, by head: [KV, P, hd]. */
function padHeads({ spec: { config, promptLength } }: Frame, x: Value, { length }: Prompt): Value {
  const { keyValueHeads, headSize } = config;
  const width = keyValueHeads * headSize;
  const nothing = ops.broadcastTo(ops.reshape(ops.scalar(0), [1, 1]), [promptLength, width]);
  const rest = ops.rowsBetween(nothing, [length, ops.integers([promptLength])], growing);
  const places = ops.reshape(ops.concat([x, rest], 0), [promptLength, width]);
  return ops.transpose(ops.reshape(places, [promptLength, keyValueHeads, headSize]), [1, 0, 2]);
}

/** Attention within one prompt; `keep` is told every layer's keys and values. */
function createPromptMixer(frame: Frame, { length }: Prompt, keep: (cache: LayerCache) => void): TokenMixer {
  const { context, spec } = frame;
  const { config, promptLength, maxNewTokens } = spec;
  const places = ops.integers([...Array(promptLength).keys()]);
  const own = ops.rowsBetween(places, [ops.integers([0]), length], ownTokens);
  const positions = ops.reshape(own, [ownTokens, 1]);
  const part = { contexts: [[]], first: 0 };
  const repeats = config.heads / config.keyValueHeads;
  return createStreamMixer(context, {
    ...part,
    lengths: length,
    positions,
    asked: positions,
    masks: ops.streamMasks(length, { ...part, repeats, masked }),
    maxLength: promptLength + maxNewTokens,
    keep,
  });
}

/** What the last layer reads of a prompt's last token [1, D], and each layer's keys, then values: [KV, P, hd]. */
function readPrompt(frame: Frame, prompt: Prompt): { read: Value; caches: readonly Value[] } {
  const { context, spec } = frame;
  const caches: Value[] = [];
  const mix = createPromptMixer(frame, prompt, ({ k, v }) =>
    caches.push(padHeads(frame, k, prompt), padHeads(frame, v, prompt)),
  );
  const last = spec.config.layers - 1;
  let x = embed(context, prompt.ids);
  for (let layer = 0; layer < last; layer += 1) x = decoderLayer(context, x, layer, { mix });
  // Of the last layer nobody asks for more than the keys and values that the mixer keeps.
  decoderLayer(context, x, last, { mix });
  const before = ops.sub(prompt.length, ops.integers([1]));
  return { read: ops.rowsBetween(x, [before, prompt.length], 1), caches };
}

/**
 * One prompt after the other, so that none is padded and a prompt's bits do not depend on its neighbours. Takes ids
 * (i32 [N]) of all prompts, one behind the other. → what the last layer reads of their last tokens [U, D], caches.
 */
function readPrompts(frame: Frame): { x: Value; caches: readonly LayerCache[] } {
  const { prompts, promptLengths, spec } = frame;
  const { config, promptLength } = spec;
  const ids = ops.cast(ops.input('ids', 'i32', [allTokens]), 'i64');
  const place: TensorType = { dtype: 'i64', shape: [1] };
  const [, x, ...caches] = ops.loop(prompts, [ops.integers([0])], [place], (turn, [from]) => {
    if (from === undefined) throw new RangeError('the loop carries where a prompt begins');
    const length = ops.reshape(ops.gatherRows(promptLengths, turn), [1]);
    const to = ops.add(from, length);
    const prompt = { ids: ops.rowsBetween(ids, [from, to], ownTokens), length };
    const { read, caches: made } = readPrompt(frame, prompt);
    return { goOn: ops.truth(true), carried: [to], stacked: [read, ...made] };
  });
  /** Of all prompts [U, a, …] → [U · a, …]. */
  const join = (stacked: Value | undefined, [first, ...rest]: readonly [number, ...number[]]): Value => {
    if (stacked === undefined) throw new RangeError('the loop keeps something of every turn');
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

/** The last token of each prompt looks back at the prompt. */
function createLastTokenMixer(frame: Frame, cache: LayerCache): TokenMixer {
  const { promptLengths, prompts, scaledTables: tables, promptMask: mask, spec } = frame;
  const positions = ops.reshape(ops.sub(promptLengths, ops.integers([1])), [prompts, 1]);
  return ({ q }) => {
    const queries = newHeads(frame, q, spec.config.heads, { positions, tables });
    return joinHeads(frame, ops.attention({ q: queries, ...cache, mask }, 1));
  };
}

/**
 * Runs each prompt once: logits of the next token of each row [B, V], and every layer's keys and values of the prompts
 * [U · KV, P, hd]. The last layer works on the last tokens alone.
 */
export function prefill(frame: Frame): { logits: Value; caches: readonly LayerCache[] } {
  const { context, spec } = frame;
  const { x, caches } = readPrompts(frame);
  const last = spec.config.layers - 1;
  const mix = createLastTokenMixer(frame, caches[last]!);
  return { logits: repeatSamples(spec, readOut(context, decoderLayer(context, x, last, { mix }))), caches };
}
