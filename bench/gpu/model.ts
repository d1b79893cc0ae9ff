/** A Llama checkpoint of a given shape with random weights in bfloat16; its steps cost as much as a trained one's. */
import { randomFillSync } from 'node:crypto';
import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { llama, type LlamaConfig } from '../../trainer/families/llama';

/** A shape under the names of config.json. */
export interface Shape {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
}

/** "8b" is the shape of Llama 3.1 8B. */
export const shapes: Readonly<Record<string, Shape>> = {
  '8b': {
    vocab_size: 128256,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
  },
  '1b': {
    vocab_size: 128256,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: 8,
  },
  tiny: {
    vocab_size: 512,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
  },
};

const tokenizerOf = resolve(__dirname, '..', '..', 'models', 'tiny-math');

const configJson = (shape: Shape): object => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  ...shape,
  head_dim: shape.hidden_size / shape.num_attention_heads,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  rope_scaling: null,
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  bos_token_id: null,
  eos_token_id: 1,
  pad_token_id: 0,
});

function toModelConfig(shape: Shape): LlamaConfig {
  const { num_attention_heads: heads, num_key_value_heads: keyValueHeads } = shape;
  return {
    vocabSize: shape.vocab_size,
    hiddenSize: shape.hidden_size,
    layers: shape.num_hidden_layers,
    intermediateSize: shape.intermediate_size,
    heads,
    keyValueHeads,
    headSize: shape.hidden_size / heads,
    rmsNormEpsilon: 1e-5,
    ropeTheta: 500000,
    ropeScaling: null,
    tiedEmbeddings: false,
    family: llama,
  };
}

const bfloat16One = 0x3f80;
/** Sign and mantissa are random; the exponent gives every weight a size from 0.0078 to 0.0156. */
const weightBits = { kept: 0x807f, exponent: 0x3c00 };

function fill(values: Uint16Array, isNorm: boolean): void {
  if (isNorm) values.fill(bfloat16One);
  else {
    randomFillSync(values);
    for (let i = 0; i < values.length; i += 1)
      values[i] = ((values[i] ?? 0) & weightBits.kept) | weightBits.exponent;
  }
}

const piece = 1 << 22;

function writeTensor(file: number, size: number, isNorm: boolean): void {
  for (let done = 0; done < size; done += piece) {
    const values = new Uint16Array(Math.min(piece, size - done));
    fill(values, isNorm);
    const bytes = new Uint8Array(values.buffer);
    for (let sent = 0; sent < bytes.length;) sent += writeSync(file, bytes, sent);
  }
}

function writeWeights(path: string, config: LlamaConfig): number {
  const tensors = llama.parameters(config).map(({ name, dims, decayed }) => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return { name, dims, size, isNorm: !decayed };
  });
  let end = 0;
  const entries = tensors.map(({ name, dims, size }) => {
    const offsets = [end, (end += 2 * size)];
    return [name, { dtype: 'BF16', shape: dims, data_offsets: offsets }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.concat([length, header]));
    for (const { size, isNorm } of tensors) writeTensor(file, size, isNorm);
  } finally {
    closeSync(file);
  }
  return end / 2;
}

/** Writes the folder, with the embedded tokenizer, and returns the number of parameters. */
export function writeRandomModel(folder: string, shape: Shape): number {
  mkdirSync(folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(tokenizerOf, name), join(folder, name));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configJson(shape)));
  return writeWeights(join(folder, 'model.safetensors'), toModelConfig(shape));
}
