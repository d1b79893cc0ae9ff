import { ownField } from '../../../core/names';
import type { Tensor } from '../../tensor';
import type { GgufModel, GgufRules } from '../define';
import { embeddingName, finalNormName, headName, layerName } from '../toolkit/names';
import { type RopeScaling, ropeFrequencyFactors } from '../toolkit/rope';
import type { LlamaConfig } from './config';

/** Divisors of each pair's frequency: llama.cpp's form of Llama 3's RoPE scaling. */
const ropeFactorsName = 'rope_freqs.weight';

/** Metadata has f32 values: rounds 9.99999975e-6 back to 1e-5. */
const roundF32 = (value: number): number => Number(value.toPrecision(7));

/** Values of every Llama 3 checkpoint. The file has only the divisors, so they are computed again and compared. */
const llama3Scaling = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 } as const;

interface Rope {
  readonly headSize: number;
  readonly ropeTheta: number;
}

function readRopeScaling(file: GgufModel, rope: Rope): RopeScaling | null {
  if (!file.shapes.has(ropeFactorsName)) return null;
  const { data } = file.read(ropeFactorsName);
  const scaling = { ...llama3Scaling, factor: roundF32(Math.max(...data)) };
  const expected = ropeFrequencyFactors({ ...rope, ropeScaling: scaling });
  const fits =
    expected.length === data.length && expected.every((x, index) => Math.abs(x / data[index]! - 1) < 1e-3);
  return fits ? scaling : file.refuse(`tensor "${ropeFactorsName}" does not match Llama 3's RoPE scaling`);
}

function renderRope(file: GgufModel, rope: Rope): Record<string, unknown> {
  const scaling = readRopeScaling(file, rope);
  if (scaling === null) return { rope_type: 'default', rope_theta: rope.ropeTheta };
  return {
    rope_type: 'llama3',
    rope_theta: rope.ropeTheta,
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalPositions,
  };
}

function checkFeatures(file: GgufModel, architecture: string, headSize: number): void {
  const scaling = file.metadata[`${architecture}.rope.scaling.type`] ?? 'none';
  if (scaling !== 'none') file.refuse(`it has RoPE scaling ${JSON.stringify(scaling)}`);
  const rotated = Number(file.metadata[`${architecture}.rope.dimension_count`] ?? headSize);
  if (rotated !== headSize) file.refuse(`it rotates ${rotated} of a head's ${headSize} elements`);
}

/** The names of one architecture in GGUF, in config.json, and of its class in Transformers. */
interface Names {
  readonly architecture: string;
  readonly modelType: string;
  readonly className: string;
}

function renderConfig(file: GgufModel, { architecture, modelType, className }: Names) {
  const { find, need } = file;
  const [hiddenSize, heads] = [need('embedding_length'), need('attention.head_count')];
  const headSize = find('attention.key_length') ?? hiddenSize / heads;
  checkFeatures(file, architecture, headSize);
  const ropeTheta = roundF32(find('rope.freq_base') ?? 10_000);
  return {
    architectures: [className],
    model_type: modelType,
    vocab_size: file.shapes.get('token_embd.weight')?.[0] ?? need('vocab_size'),
    hidden_size: hiddenSize,
    intermediate_size: need('feed_forward_length'),
    num_hidden_layers: need('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: find('attention.head_count_kv') ?? heads,
    head_dim: headSize,
    hidden_act: 'silu',
    max_position_embeddings: need('context_length'),
    rms_norm_eps: roundF32(need('attention.layer_norm_rms_epsilon')),
    rope_parameters: renderRope(file, { headSize, ropeTheta }),
    tie_word_embeddings: !file.shapes.has('output.weight'),
    bos_token_id: file.metadata['tokenizer.ggml.bos_token_id'] ?? null,
    eos_token_id: file.metadata['tokenizer.ggml.eos_token_id'] ?? null,
    dtype: 'float32',
  };
}

const outerNames: Readonly<Record<string, string | null>> = {
  'token_embd.weight': embeddingName,
  'output_norm.weight': finalNormName,
  'output.weight': headName,
  [ropeFactorsName]: null,
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

function parameterOf(name: string): string | null {
  if (Object.hasOwn(outerNames, name)) return outerNames[name]!;
  const [, layer, part = '', kind = ''] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const inner = ownField(layerParts, part);
  return layer === undefined || inner === undefined ? name : layerName(Number(layer), `${inner}.${kind}`);
}

/**
 * Reorders rows of q and k for Hugging Face's RoPE, which rotates the pairs (i, i + hd / 2) of a head. llama.cpp rotates
 * neighbours (2i, 2i + 1) in Llama models, and orders its files for that.
 */
export function reorderHeads({ dims, data }: Tensor, headSize: number): Tensor {
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

/** GGUF files with the metadata and tensor names of llama.cpp's Llama; q and k are in the engine's order. */
export const ggufRules = (names: Names): GgufRules<LlamaConfig> => ({
  architecture: names.architecture,
  config: (file) => renderConfig(file, names),
  parameterOf,
  convert: (_, tensor) => tensor,
});
