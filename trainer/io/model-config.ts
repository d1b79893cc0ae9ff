import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import { count } from '../../schemas/scalars';
import type { ModelConfig, RopeScaling } from '../engine/types';
import { readJson } from './files';

/** Settings of a config.json. */
export interface ModelSettings {
  /** The architecture that the engine builds. */
  readonly config: ModelConfig;
  /** `max_position_embeddings`, or null. */
  readonly maxPositions: number | null;
  /** `eos_token_id` as a list; the first is supervised. */
  readonly endOfSequence: readonly number[];
  readonly beginOfSequence: number | null;
}

const ids = z.union([z.int().nonnegative(), z.array(z.int().nonnegative())]).nullish();

/** RoPE: "rope_scaling" in older files, "rope_parameters" since Transformers 5. */
const ropeSettings = z.looseObject({
  rope_theta: z.number().positive().optional(),
  rope_type: z.string().optional(),
  /** The older name of rope_type. */
  type: z.string().optional(),
});

const llama3Scaling = z.looseObject({
  factor: z.number().min(1),
  low_freq_factor: z.number().positive(),
  high_freq_factor: z.number().positive(),
  original_max_position_embeddings: count,
});

/** The fields of Transformers' LlamaConfig and Qwen2Config that change what the model computes. */
const fileSchema = z.object({
  model_type: z.string(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_parameters: ropeSettings.nullish(),
  rope_scaling: ropeSettings.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  max_position_embeddings: count.nullish(),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  attention_dropout: z.number().nullish(),
  use_sliding_window: z.boolean().nullish(),
  layer_types: z.array(z.string()).nullish(),
  sliding_window: z.number().nullish(),
  partial_rotary_factor: z.number().nullish(),
  pretraining_tp: z.int().nullish(),
  quantization_config: z.unknown().optional(),
  eos_token_id: ids,
  bos_token_id: ids,
});
type ConfigFile = z.infer<typeof fileSchema>;

function refuse(path: string, field: string, why: string): never {
  throw new BudgetlineError('CONFIG_INVALID', `${path}: field "${field}" ${why}.`, {
    remedy: 'Use a Llama or Qwen 2 model without that feature.',
    details: { path, field },
  });
}

const isSet = (value: unknown): boolean => value !== null && value !== undefined;

/** The first feature of the two families that the engine does not support: its field, and the reason. */
function unsupportedFeature(file: ConfigFile): readonly [field: string, why: string] | null {
  const slides = file.model_type === 'llama' ? isSet(file.sliding_window) : file.use_sliding_window === true;
  const table: readonly (readonly [boolean, string, string])[] = [
    [file.hidden_act !== 'silu', 'hidden_act', `is "${file.hidden_act}"; only silu is supported`],
    [slides, 'sliding_window', 'sets sliding-window attention, which is not supported'],
    [
      file.layer_types?.some((type) => type !== 'full_attention') === true,
      'layer_types',
      'names layers other than "full_attention", which are not supported',
    ],
    [
      file.model_type === 'llama' && file.attention_bias === true,
      'attention_bias',
      'sets a bias on every projection, which is not supported',
    ],
    [file.mlp_bias === true, 'mlp_bias', 'sets a bias in the feed-forward layers, which is not supported'],
    [(file.attention_dropout ?? 0) !== 0, 'attention_dropout', 'is not 0; dropout is not supported'],
    [(file.partial_rotary_factor ?? 1) !== 1, 'partial_rotary_factor', 'is not 1, which is not supported'],
    [(file.pretraining_tp ?? 1) !== 1, 'pretraining_tp', 'is not 1, which is not supported'],
    [
      isSet(file.quantization_config),
      'quantization_config',
      'sets quantised weights, which are not supported',
    ],
  ];
  const found = table.find(([wrong]) => wrong);
  return found === undefined ? null : [found[1], found[2]];
}

/** RoPE scaling, from either field. */
function readRopeScaling(file: ConfigFile, path: string): RopeScaling | null {
  const field = isSet(file.rope_parameters) ? 'rope_parameters' : 'rope_scaling';
  const settings = file[field];
  const type = settings?.rope_type ?? settings?.type ?? 'default';
  if (type === 'default') return null;
  if (type !== 'llama3') refuse(path, field, `sets RoPE type "${type}", which is not supported`);
  const parsed = llama3Scaling.safeParse(settings);
  if (!parsed.success)
    refuse(path, `${field}.${parsed.error.issues[0]?.path.join('.') ?? ''}`, 'is missing or malformed');
  const { factor, low_freq_factor: low, high_freq_factor: high } = parsed.data;
  if (high <= low) refuse(path, `${field}.high_freq_factor`, 'is not above low_freq_factor');
  const originalPositions = parsed.data.original_max_position_embeddings;
  return { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions };
}

function readShape(file: ConfigFile, path: string): ModelConfig {
  const heads = file.num_attention_heads;
  const keyValueHeads = file.num_key_value_heads ?? heads;
  const headSize = file.head_dim ?? file.hidden_size / heads;
  if (heads % keyValueHeads !== 0) refuse(path, 'num_key_value_heads', 'does not divide num_attention_heads');
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    refuse(path, 'head_dim', 'is not an even whole number');
  return {
    vocabSize: file.vocab_size,
    hiddenSize: file.hidden_size,
    intermediateSize: file.intermediate_size,
    layers: file.num_hidden_layers,
    heads,
    keyValueHeads,
    headSize,
    rmsNormEpsilon: file.rms_norm_eps,
    ropeTheta: file.rope_theta ?? file.rope_parameters?.rope_theta ?? 10_000,
    ropeScaling: readRopeScaling(file, path),
    tiedEmbeddings: file.tie_word_embeddings,
    qkvBias: file.model_type === 'qwen2',
  };
}

/** Supported families. */
const families = ['llama', 'qwen2'];
const familySchema = z.looseObject({ model_type: z.string() });

function refuseOtherFamily(content: unknown, path: string): void {
  const family = familySchema.safeParse(content).data?.model_type;
  if (family === undefined || families.includes(family)) return;
  refuse(path, 'model_type', `is "${family}"; ${families.join(' and ')} are supported`);
}

const listIds = (value: z.infer<typeof ids>): readonly number[] =>
  value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Checks the content of a config.json; `path` only names it in errors. */
export function parseModelConfig(content: unknown, path: string): ModelSettings {
  refuseOtherFamily(content, path);
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    refuse(path, issue?.path.join('.') ?? '', `is not usable (${issue?.message ?? 'malformed'})`);
  }
  const file = parsed.data;
  const unsupported = unsupportedFeature(file);
  if (unsupported !== null) refuse(path, unsupported[0], unsupported[1]);
  return {
    config: readShape(file, path),
    maxPositions: file.max_position_embeddings ?? null,
    endOfSequence: listIds(file.eos_token_id),
    beginOfSequence: listIds(file.bos_token_id)[0] ?? null,
  };
}

/** Reads config.json of a model folder. @throws CONFIG_INVALID naming the field, INPUT_MISSING. */
export function readModelConfig(folder: string): ModelSettings {
  const path = join(folder, 'config.json');
  return parseModelConfig(readJson(path), path);
}
