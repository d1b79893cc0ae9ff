import { ownField } from '../../../contracts/names';
import type { ModelConfig, Tensor } from '../../engine/types';
import { embeddingName, finalNormName, headName, layerName } from '../../model/parameters';
import type { TensorFile } from '../tensor-file';
import { ropeFactorsName } from './config';
import type { GgufFile } from './file';

const outerNames: Readonly<Record<string, string>> = {
  'token_embd.weight': embeddingName,
  'output_norm.weight': finalNormName,
  'output.weight': headName,
};

const layerParts: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** Hugging Face's name of a tensor; unknown tensors keep their name, for the error. */
function translate(name: string): string {
  const [, layer, part = '', kind = ''] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const inner = ownField(layerParts, part);
  return layer === undefined || inner === undefined
    ? (ownField(outerNames, name) ?? name)
    : layerName(Number(layer), `${inner}.${kind}`);
}

/**
 * Reorders rows of q and k for Hugging Face's RoPE, which rotates the pairs (i, i + hd / 2) of a head. llama.cpp rotates
 * neighbours (2i, 2i + 1) in Llama models, and orders its files for that.
 */
function reorderHeads({ dims, data }: Tensor, headSize: number): Tensor {
  const width = dims[1] ?? 1;
  const half = headSize / 2;
  const sorted = new Float32Array(data.length);
  for (let row = 0; row < data.length / width; row += 1) {
    const [head, within] = [Math.floor(row / headSize), row % headSize];
    const from = head * headSize + (within % half) * 2 + Math.floor(within / half);
    sorted.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return { dims, data: sorted };
}

/** The tensors of a GGUF file under Hugging Face's names and order. */
export function renderGgufWeights(file: GgufFile, config: ModelConfig): TensorFile {
  const reordered = file.metadata['general.architecture'] === 'llama';
  const origins = new Map(
    [...file.shapes.keys()].filter((name) => name !== ropeFactorsName).map((name) => [translate(name), name]),
  );
  return {
    path: file.path,
    shapes: new Map([...origins].map(([name, origin]) => [name, file.shapes.get(origin)!])),
    read(name) {
      const tensor = file.read(origins.get(name) ?? name);
      const rotated = /\.[qk]_proj\./.test(name);
      return reordered && rotated ? reorderHeads(tensor, config.headSize) : tensor;
    },
  };
}
