import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineOptions } from '../../../trainer/engine';
import type { LoraConfig } from '../../../trainer/settings';
import type { ModelConfig } from '../../../trainer/families/define';
import type { SequenceRow } from '../../../trainer/rows';
import type { Tensor } from '../../../trainer/tensor';
import { llama, type LlamaConfig } from '../../../trainer/families/llama';
import { qwen2 } from '../../../trainer/families/qwen2';
import { loraParameters } from '../../../trainer/model/parameters';
import { sizeOf } from '../../../trainer/graph';

function draw(i: number, phase: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(phase + 1, 0x85ebca77);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 31 - 1;
}

/** Element i is offset + amplitude · u with u in [−1, 1) from a hash of i and phase; as in test/oracles/llama_oracle.py. */
export function noise(size: number, phase: number, amplitude: number, offset = 0): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => offset + amplitude * draw(i, phase));
}

const shape = {
  vocabSize: 29,
  hiddenSize: 16,
  intermediateSize: 24,
  layers: 2,
  heads: 4,
  headSize: 4,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 10000,
  ropeScaling: null,
};

/** The two models of the oracle: Llama with tied embeddings, and Qwen 2 with grouped keys, biases and a head of its own. */
export const oracleConfigs = {
  tied: { ...shape, keyValueHeads: 4, tiedEmbeddings: true, family: llama },
  grouped: { ...shape, keyValueHeads: 2, tiedEmbeddings: false, family: qwen2 },
} as const satisfies Record<string, LlamaConfig>;

export type OracleKind = keyof typeof oracleConfigs;

export function oracleWeights(config: ModelConfig): Map<string, Tensor> {
  return new Map(
    config.family.parameters(config).map(({ name, dims }, index) => {
      const norm = name.endsWith('norm.weight');
      return [name, { dims, data: noise(sizeOf(dims), index, norm ? 0.1 : 0.25, norm ? 1 : 0) }];
    }),
  );
}

/** An engine over an oracle's model as the oracles train it: all weights, on one thread; `change` overrides. */
export function oracleEngine(kind: OracleKind, change: Partial<EngineOptions> = {}): EngineOptions {
  const config = oracleConfigs[kind];
  return {
    ...{ config, weights: oracleWeights(config), lora: null, objective: { rows: 'sequences' } },
    optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.1, maxGradNorm: null },
    threads: 1,
    microBatchSize: 4,
    maxLength: 16,
    ...change,
  };
}

export const oracleLora: LoraConfig = {
  rank: 3,
  alpha: 6,
  targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
};

/** An adapter that is zero nowhere. */
export function oracleAdapter(config: ModelConfig): Map<string, Tensor> {
  const specs = [...loraParameters(config, oracleLora)].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(
    specs.map(({ name, dims }, index) => [name, { dims, data: noise(sizeOf(dims), index, 0.2) }]),
  );
}

function tokens(row: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => (7 * row + 5 * i + i * i) % shape.vocabSize);
}

export const oracleRows: readonly [SequenceRow, SequenceRow, SequenceRow, SequenceRow] = [
  { ids: tokens(0, 12), completionStart: 4 },
  { ids: tokens(1, 9), completionStart: 1 },
  { ids: tokens(2, 5), completionStart: 3 },
  { ids: tokens(3, 12), completionStart: 10 },
];

/** A gradient's norm, its product with noise, and its first elements. */
export interface GradientDigest {
  readonly norm: number;
  readonly along: number;
  readonly first: readonly number[];
}

export interface OracleValues {
  readonly full: {
    readonly loss: number;
    readonly logprobs: readonly number[];
    readonly gradients: Readonly<Record<string, GradientDigest>>;
  };
  readonly curve: { readonly losses: readonly number[]; readonly gradient_norms: readonly number[] };
  readonly preference: {
    readonly beta: number;
    readonly references: readonly (readonly [number, number])[];
    readonly loss: number;
    readonly margin: number;
    readonly gradients: Readonly<Record<string, GradientDigest>>;
  };
}

export function readOracle(kind: OracleKind): OracleValues {
  const path = join(__dirname, '..', '..', 'oracles', `${kind}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as OracleValues;
}
