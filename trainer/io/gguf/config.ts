import { ownField } from '../../../contracts/names';
import type { RopeScaling } from '../../engine/types';
import { ropeFrequencyFactors } from '../../model/rope';
import { refuseGguf, type GgufFile } from './file';

/** Divisors of each pair's frequency: llama.cpp's form of Llama 3's RoPE scaling. */
export const ropeFactorsName = 'rope_freqs.weight';

const modelTypes: Readonly<Record<string, string>> = { llama: 'llama', qwen2: 'qwen2' };

/** Metadata has f32 values: rounds 9.99999975e-6 back to 1e-5. */
const roundF32 = (value: number): number => Number(value.toPrecision(7));

/** Reads metadata of the file's architecture. */
function createReader({ path, metadata }: GgufFile, architecture: string) {
  const find = (name: string): number | null => {
    const value = metadata[`${architecture}.${name}`];
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
  };
  const need = (name: string): number =>
    find(name) ?? refuseGguf(path, `its metadata has no number "${architecture}.${name}"`);
  return { find, need };
}

/** Values of every Llama 3 checkpoint. The file has only the divisors, so they are computed again and compared. */
const llama3Scaling = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 } as const;

function readRopeScaling(file: GgufFile, rope: { headSize: number; ropeTheta: number }): RopeScaling | null {
  if (!file.shapes.has(ropeFactorsName)) return null;
  const { data } = file.read(ropeFactorsName);
  const scaling = { ...llama3Scaling, factor: roundF32(Math.max(...data)) };
  const expected = ropeFrequencyFactors({ ...rope, ropeScaling: scaling });
  const fits =
    expected.length === data.length && expected.every((x, index) => Math.abs(x / data[index]! - 1) < 1e-3);
  return fits
    ? scaling
    : refuseGguf(file.path, `tensor "${ropeFactorsName}" does not match Llama 3's RoPE scaling`);
}

function renderRope(file: GgufFile, rope: { headSize: number; ropeTheta: number }): Record<string, unknown> {
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

function checkFeatures({ path, metadata }: GgufFile, architecture: string, headSize: number): void {
  const scaling = metadata[`${architecture}.rope.scaling.type`] ?? 'none';
  if (scaling !== 'none') refuseGguf(path, `it has RoPE scaling ${JSON.stringify(scaling)}`);
  const rotated = Number(metadata[`${architecture}.rope.dimension_count`] ?? headSize);
  if (rotated !== headSize) refuseGguf(path, `it rotates ${rotated} of a head's ${headSize} elements`);
}

/** The config.json of a GGUF file. @throws CONFIG_INVALID naming the unsupported feature. */
export function renderGgufConfig(file: GgufFile): Record<string, unknown> {
  const architecture = String(file.metadata['general.architecture']);
  const modelType =
    ownField(modelTypes, architecture) ??
    refuseGguf(file.path, `its architecture is "${architecture}"; llama and qwen2 are supported`);
  const { find, need } = createReader(file, architecture);
  const [hiddenSize, heads] = [need('embedding_length'), need('attention.head_count')];
  const headSize = find('attention.key_length') ?? hiddenSize / heads;
  checkFeatures(file, architecture, headSize);
  const ropeTheta = roundF32(find('rope.freq_base') ?? 10_000);
  return {
    architectures: [modelType === 'llama' ? 'LlamaForCausalLM' : 'Qwen2ForCausalLM'],
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
