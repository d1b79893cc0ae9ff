import { growing, ops, type TensorType, type Value } from '../graph';
import { decoderLayer, embed, readOut, type LayerCache } from './decoder';
import { createFrame, createGrowingMixer, type Frame, type GenerationSpec } from './generation-frame';
import { prefill } from './prefill';
import { sample } from './sampling';

/** Two logits this close are told to the caller: other hardware may order them otherwise. */
const nearTie = 1e-4;

interface Picked {
  /** i64 [B] */
  readonly token: Value;
  /** How many logits lie near the best one, when greedy; else 1. [B, 1] */
  readonly near: Value;
}

function pickBest(logits: Value): Picked {
  const threshold = ops.sub(ops.reduceMax(logits, 1), ops.scalar(nearTie));
  const near = ops.cast(ops.lessOrEqual(threshold, logits), 'f32');
  return { token: ops.argMax(logits, 1), near: ops.reduceSum(near, [1], true) };
}

/** Logits [B, V] → the next tokens. */
function pick(frame: Frame, logits: Value, position: Value): Picked {
  const { decoding, rows, maxNewTokens } = frame.spec;
  if (decoding.mode === 'greedy') return pickBest(logits);
  const uniforms = ops.gatherRows(ops.input('uniforms', 'f32', [maxNewTokens, rows]), position);
  const draws = ops.reshape(uniforms, [rows, 1]);
  return { token: sample(logits, draws, decoding), near: ops.broadcastTo(ops.scalar(1), [rows, 1]) };
}

/** 1 for rows that have not ended, else 0. */
function stillRunning(frame: Frame, running: Value, token: Value): Value {
  const end = ops.integers([frame.spec.endOfSequence]);
  return ops.mul(running, ops.cast(ops.not(ops.equal(token, end)), 'f32'));
}

function f32(...shape: number[]): TensorType {
  return { dtype: 'f32', shape };
}

/** No keys or values yet: [B · KV, 0, hd], a slice of something since a constant may not be empty. */
function emptyCache({ spec: { rows, config } }: Frame): Value {
  const something = ops.broadcastTo(ops.reshape(ops.scalar(0), [1, 1, 1]), [
    rows * config.keyValueHeads,
    1,
    config.headSize,
  ]);
  return ops.slice(something, 1, 0, 0);
}

/**
 * Prompts in, new tokens out, in one graph: prefill, then a Loop that ends when every row has ended.
 * Inputs ids (i32 [N], one prompt behind the other), lengths (i32 [U]), running (f32 [B], 0 for empty rows), uniforms
 * (f32 [maxNewTokens, B], when sampling). Outputs tokens (i64 [B, n]) and near (f32 [B, n]).
 */
export function buildGeneration(spec: GenerationSpec): { readonly tokens: Value; readonly near: Value } {
  const frame = createFrame(spec);
  const { rows, maxNewTokens, config } = spec;
  const { logits, caches } = prefill(frame);
  const first = pick(frame, logits, ops.integers([0], []));
  const running = stillRunning(frame, ops.input('running', 'f32', [rows]), first.token);
  const column = ops.reshape(first.token, [rows, 1]);
  const empties = Array<Value>(2 * config.layers).fill(emptyCache(frame));
  const cacheType = f32(rows * config.keyValueHeads, growing, config.headSize);
  const types: TensorType[] = [
    { dtype: 'i64', shape: [rows] },
    f32(rows),
    { dtype: 'i64', shape: [rows, growing] },
    f32(rows, growing),
    ...empties.map(() => cacheType),
  ];
  const initial = [first.token, running, column, first.near, ...empties];
  const results = ops.loop(maxNewTokens - 1, initial, types, (turn, carried) =>
    decodeTurn(frame, caches, turn, carried),
  );
  const [, , tokens, near] = results;
  if (tokens === undefined || near === undefined) throw new RangeError('the loop carries tokens');
  return { tokens, near };
}

function decodeTurn(
  frame: Frame,
  prompts: readonly LayerCache[],
  turn: Value,
  carried: readonly Value[],
): { goOn: Value; carried: readonly Value[] } {
  const [token, running, tokens, near, ...flat] = carried;
  if (!token || !running || !tokens || !near) throw new RangeError('the loop carries tokens');
  const { rows, config } = frame.spec;
  const grown = prompts.map((_, layer) => ({ k: flat[2 * layer] ?? token, v: flat[2 * layer + 1] ?? token }));
  const next: Value[] = [];
  const positions = ops.reshape(ops.add(frame.lengths, turn), [rows, 1]);
  const mix = createGrowingMixer(frame, { positions, prompts, grown }, ({ k, v }) => next.push(k, v));
  let x = embed(frame.context, token);
  for (let layer = 0; layer < config.layers; layer += 1) x = decoderLayer(frame.context, x, layer, { mix });
  const picked = pick(frame, readOut(frame.context, x), ops.add(turn, ops.integers([1], [])));
  const left = stillRunning(frame, running, picked.token);
  return {
    goOn: ops.lessOrEqual(ops.scalar(0.5), ops.sum(left)),
    carried: [
      picked.token,
      left,
      ops.concat([tokens, ops.reshape(picked.token, [rows, 1])], 1),
      ops.concat([near, picked.near], 1),
      ...next,
    ],
  };
}
