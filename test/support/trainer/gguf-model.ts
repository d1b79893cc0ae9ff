import type { ModelConfig } from '../../../trainer/families/define';
import type { Tensor, Weights } from '../../../trainer/tensor';
import type { LlamaConfig } from '../../../trainer/families/llama';
import type { RawTensor } from './gguf-writer';

/** llama.cpp's names of a layer's parts. */
const parts: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

function ggmlName(name: string): string {
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  if (layer !== undefined) return `blk.${layer}.${parts[part!]}.${kind}`;
  return name
    .replace('model.embed_tokens', 'token_embd')
    .replace('model.norm', 'output_norm')
    .replace('lm_head', 'output');
}

/** As llama.cpp's converter orders q and k of Llama models: row (i, half) of a head becomes row (half, i). */
function interleave({ dims, data }: Tensor, headSize: number): Tensor {
  const width = dims[1] ?? 1;
  const sorted = new Float32Array(data.length);
  for (let row = 0; row < data.length / width; row += 1) {
    const within = row % headSize;
    const to = row - within + (within % (headSize / 2)) * 2 + (within < headSize / 2 ? 0 : 1);
    sorted.set(data.subarray(row * width, (row + 1) * width), to * width);
  }
  return { dims, data: sorted };
}

export const rawTensor = ({ dims, data }: Tensor): RawTensor => ({
  shape: [...dims].reverse(),
  type: 0,
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

/** A model's weights under llama.cpp's names and in its order. */
export function ggufTensors(
  architecture: string,
  { config, weights }: { config: ModelConfig; weights: Weights },
): Map<string, RawTensor> {
  const entries = [...weights].map(([name, tensor]) => {
    const turned = architecture === 'llama' && /[qk]_proj/.test(name);
    return [ggmlName(name), rawTensor(turned ? interleave(tensor, config.headSize) : tensor)] as const;
  });
  return new Map(entries);
}

/** The metadata that a model's settings are read from. */
export const ggufSettings = (architecture: string, config: ModelConfig, positions = 64) => ({
  'general.architecture': architecture,
  [`${architecture}.block_count`]: config.layers,
  [`${architecture}.context_length`]: positions,
  [`${architecture}.embedding_length`]: config.hiddenSize,
  [`${architecture}.feed_forward_length`]: (config as LlamaConfig).intermediateSize,
  [`${architecture}.attention.head_count`]: config.heads,
  [`${architecture}.attention.head_count_kv`]: config.keyValueHeads,
  [`${architecture}.rope.freq_base`]: (config as LlamaConfig).ropeTheta,
  [`${architecture}.attention.layer_norm_rms_epsilon`]: (config as LlamaConfig).rmsNormEpsilon,
});
