import { dynamic, ops, type TensorType, type Value } from '../graph';
import { decoderLayer, embed, logitsOf, type LayerCache } from './decoder';
import {
  createDecodingAttention,
  createGenerationContext,
  type GenerationContext,
  type GenerationSpec,
} from './generation-context';
import { prefill } from './prefill';
import { sample } from './sampling';

/** Logits this close count as a near tie, because other hardware may order them differently. */
const nearTie = 1e-4;

interface NextTokens {
  /** i64 [B] */
  readonly token: Value;
  /** Number of logits within a near tie of the best one. 1 when sampling. [B, 1] */
  readonly near: Value;
}

function greedyTokens(logits: Value): NextTokens {
  const threshold = ops.sub(ops.reduceMax(logits, 1), ops.scalar(nearTie));
  const near = ops.cast(ops.lessOrEqual(threshold, logits), 'f32');
  return { token: ops.argMax(logits, 1), near: ops.reduceSum(near, [1], true) };
}

/** Chooses the next tokens from logits [B, V]. */
function chooseTokens(generation: GenerationContext, logits: Value, position: Value): NextTokens {
  const { decoding, rows, maxNewTokens } = generation.spec;
  if (decoding.mode === 'greedy') return greedyTokens(logits);
  const row = ops.gatherRows(ops.input('uniforms', 'f32', [maxNewTokens, rows]), position);
  const uniforms = ops.reshape(row, [rows, 1]);
  return { token: sample(logits, uniforms, decoding), near: ops.broadcastTo(ops.scalar(1), [rows, 1]) };
}

/** 1 for unfinished rows, else 0. */
function stillRunning(generation: GenerationContext, running: Value, token: Value): Value {
  const end = ops.integers([generation.spec.endOfSequence]);
  return ops.mul(running, ops.cast(ops.not(ops.equal(token, end)), 'f32'));
}

function f32(...shape: number[]): TensorType {
  return { dtype: 'f32', shape };
}

/** An empty cache [B · KV, 0, hd]: a slice, because a constant must not be empty. */
function emptyCache({ spec: { rows, config } }: GenerationContext): Value {
  const one = ops.broadcastTo(ops.reshape(ops.scalar(0), [1, 1, 1]), [
    rows * config.keyValueHeads,
    1,
    config.headSize,
  ]);
  return ops.slice(one, 1, 0, 0);
}

/**
 * Generation in one graph: prefill, then a Loop that ends when every row is finished. Inputs: ids (i32 [N], all prompts
 * concatenated), lengths (i32 [U]), running (f32 [B], 0 for empty rows), and when sampling uniforms
 * (f32 [maxNewTokens, B]). Outputs: tokens (i64 [B, n]) and near (f32 [B, n]).
 */
export function buildGeneration(spec: GenerationSpec): { readonly tokens: Value; readonly near: Value } {
  const generation = createGenerationContext(spec);
  const { rows, maxNewTokens, config } = spec;
  const { logits, caches } = prefill(generation);
  const first = chooseTokens(generation, logits, ops.integers([0], []));
  const running = stillRunning(generation, ops.input('running', 'f32', [rows]), first.token);
  const column = ops.reshape(first.token, [rows, 1]);
  const empties = Array<Value>(2 * config.layers).fill(emptyCache(generation));
  const cacheType = f32(rows * config.keyValueHeads, dynamic, config.headSize);
  const types: TensorType[] = [
    { dtype: 'i64', shape: [rows] },
    f32(rows),
    { dtype: 'i64', shape: [rows, dynamic] },
    f32(rows, dynamic),
    ...empties.map(() => cacheType),
  ];
  const init = [first.token, running, column, first.near, ...empties];
  const results = ops.loop(maxNewTokens - 1, init, types, (iteration, carry) =>
    decodeStep(generation, caches, iteration, carry),
  );
  const [, , tokens, near] = results;
  if (tokens === undefined || near === undefined) throw new RangeError('the carry has no tokens');
  return { tokens, near };
}

function decodeStep(
  generation: GenerationContext,
  prompts: readonly LayerCache[],
  iteration: Value,
  carry: readonly Value[],
): { condition: Value; carry: readonly Value[] } {
  const [token, running, tokens, near, ...flat] = carry;
  if (!token || !running || !tokens || !near) throw new RangeError('the carry has no tokens');
  const { rows, config } = generation.spec;
  const newTokens = prompts.map((_, layer) => ({
    k: flat[2 * layer] ?? token,
    v: flat[2 * layer + 1] ?? token,
  }));
  const caches: Value[] = [];
  const positions = ops.reshape(ops.add(generation.lengths, iteration), [rows, 1]);
  const attend = createDecodingAttention(generation, { positions, prompts, newTokens }, ({ k, v }) =>
    caches.push(k, v),
  );
  let x = embed(generation.context, token, positions);
  for (let layer = 0; layer < config.layers; layer += 1)
    x = decoderLayer(generation.context, x, layer, { attend });
  const next = chooseTokens(
    generation,
    logitsOf(generation.context, x),
    ops.add(iteration, ops.integers([1], [])),
  );
  const unfinished = stillRunning(generation, running, next.token);
  return {
    condition: ops.lessOrEqual(ops.scalar(0.5), ops.sum(unfinished)),
    carry: [
      next.token,
      unfinished,
      ops.concat([tokens, ops.reshape(next.token, [rows, 1])], 1),
      ops.concat([near, next.near], 1),
      ...caches,
    ],
  };
}
