/** Decoders of whole rows by dense attention under a mask: the oracle of what runs over streams and caches. */
import { ops, type Value } from '../../../trainer/graph';
import {
  decoderLayer,
  embed,
  masked,
  readOut,
  type DecoderContext,
  type TokenMixer,
} from '../../../trainer/model/decoder';
import type { Rotary } from '../../../trainer/model/pieces';
import { rotaryTables } from '../../../trainer/model/rotary';

function causalMask(length: number): Value {
  const data = Float32Array.from({ length: length * length }, (_, at) =>
    at % length > Math.floor(at / length) ? masked : 0,
  );
  return ops.constant(data, [1, 1, length, length]);
}

interface SequenceShape {
  readonly rows: number;
  readonly length: number;
}

/** [B · T, heads · hd] → [B, heads, T, hd], turned by position where a rotary is given. */
function splitHeads(
  context: DecoderContext,
  x: Value,
  options: SequenceShape & { readonly heads: number; readonly rotary: Rotary | null },
): Value {
  const { rows, length, heads, rotary } = options;
  const size = context.config.headSize;
  const tokens = ops.reshape(x, [rows, length, heads * size]);
  const turned = rotary === null ? tokens : context.pieces.rotate(tokens, rotary, heads);
  return ops.transpose(ops.reshape(turned, [rows, length, heads, size]), [0, 2, 1, 3]);
}

/** Attention over whole rows. */
function createSequenceMixer(context: DecoderContext, shape: SequenceShape): TokenMixer {
  const { heads, keyValueHeads, headSize } = context.config;
  const { rows, length } = shape;
  const repeats = heads / keyValueHeads;
  const rotary = { ...rotaryTables(context.config, length), positions: ops.integers([0]) };
  const mask = ops.concat(Array<Value>(repeats).fill(causalMask(length)), 2);
  return ({ q, k, v }) => {
    const cache = {
      k: splitHeads(context, k, { ...shape, heads: keyValueHeads, rotary }),
      v: splitHeads(context, v, { ...shape, heads: keyValueHeads, rotary: null }),
    };
    // [B, KV · R, T, hd] → [B, KV, R · T, hd]: no copy of keys and values for the heads that share them
    const queries = splitHeads(context, q, { ...shape, heads, rotary });
    const grouped = ops.reshape(queries, [rows, keyValueHeads, repeats * length, headSize]);
    const mixed = ops.attention({ q: grouped, ...cache, mask }, headSize ** -0.5);
    const perHead = ops.reshape(mixed, [rows, heads, length, headSize]);
    return ops.reshape(ops.transpose(perHead, [0, 2, 1, 3]), [rows * length, heads * headSize]);
  };
}

/** Token ids [B · T] → logits [B · T, V]. */
export function decodeSequences(context: DecoderContext, ids: Value, shape: SequenceShape): Value {
  const mix = createSequenceMixer(context, shape);
  let x = embed(context, ids);
  for (let layer = 0; layer < context.config.layers; layer += 1) x = decoderLayer(context, x, layer, { mix });
  return readOut(context, x);
}
