/** A decoder with dense masked attention over whole rows: the oracle of packed batches and KV caches. */
import { ops, type Value } from '../../../trainer/graph';
import type { Attention, DecoderContext } from '../../../trainer/families/define';
import type { RopeAngles } from '../../../trainer/families/decoder-ops';
import { decoderLayer, embed, masked, logitsOf } from '../../../trainer/model/decoder';
import { createRopeTables } from '../../../trainer/model/rope';

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

/** [B · T, heads · hd] → [B, heads, T, hd], rotated by position where angles are given. */
function splitHeads(
  context: DecoderContext,
  x: Value,
  options: SequenceShape & { readonly heads: number; readonly angles: RopeAngles | null },
): Value {
  const { rows, length, heads, angles } = options;
  const size = context.config.headSize;
  const tokens = ops.reshape(x, [rows, length, heads * size]);
  const rotated = angles === null ? tokens : context.decoderOps.rope(tokens, angles, heads);
  return ops.transpose(ops.reshape(rotated, [rows, length, heads, size]), [0, 2, 1, 3]);
}

/** Attention over whole rows. */
function createDenseAttention(context: DecoderContext, shape: SequenceShape): Attention {
  const { family, heads, keyValueHeads, headSize } = context.config;
  const { rows, length } = shape;
  const repeats = heads / keyValueHeads;
  const tablesOf = createRopeTables(length);
  const mask = ops.concat(Array<Value>(repeats).fill(causalMask(length)), 2);
  return ({ q, k, v }, layer) => {
    const { rotary, scale } = family.decoder.attention(context.config, layer);
    const angles = rotary && { ...tablesOf(rotary), positions: ops.integers([0]) };
    const cache = {
      k: splitHeads(context, k, { ...shape, heads: keyValueHeads, angles }),
      v: splitHeads(context, v, { ...shape, heads: keyValueHeads, angles: null }),
    };
    // [B, KV · R, T, hd] → [B, KV, R · T, hd]: no copy of keys and values for the heads that share them
    const queries = splitHeads(context, q, { ...shape, heads, angles });
    const grouped = ops.reshape(queries, [rows, keyValueHeads, repeats * length, headSize]);
    const mixed = ops.attention({ q: grouped, ...cache, mask }, scale);
    const perHead = ops.reshape(mixed, [rows, heads, length, headSize]);
    return ops.reshape(ops.transpose(perHead, [0, 2, 1, 3]), [rows * length, heads * headSize]);
  };
}

/** Token ids [B · T] → logits [B · T, V]. */
export function decodeSequences(context: DecoderContext, ids: Value, shape: SequenceShape): Value {
  const attend = createDenseAttention(context, shape);
  const each = ops.integers([...Array(shape.length).keys()], [1, shape.length]);
  const positions = ops.reshape(ops.broadcastTo(each, [shape.rows, shape.length]), [ids.shape[0] ?? 0, 1]);
  let x = embed(context, ids, positions);
  for (let layer = 0; layer < context.config.layers; layer += 1)
    x = decoderLayer(context, x, layer, { attend });
  return logitsOf(context, x);
}
