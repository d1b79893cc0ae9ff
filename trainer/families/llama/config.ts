import { z } from 'zod';
import { count } from '../../../schemas/scalars';
import type { ConfigRules, ModelConfig, Refuse } from '../define';
import type { RopeScaling } from '../toolkit/rope';

/** A Llama decoder, with the names of config.json in camel case. */
export interface LlamaConfig extends ModelConfig {
  readonly intermediateSize: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  /** null: no scaling. */
  readonly ropeScaling: RopeScaling | null;
  readonly tiedEmbeddings: boolean;
}

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
});
export type LlamaFile = z.infer<typeof fileSchema>;

const isSet = (value: unknown): boolean => value !== null && value !== undefined;

type Unsupported = readonly [field: string, why: string];

export const slidingWindow: Unsupported = [
  'sliding_window',
  'sets sliding-window attention, which is not supported',
];

/** The first feature that no family of this kind supports. */
export function unsupportedFeature(file: LlamaFile): Unsupported | null {
  const table: readonly (readonly [boolean, ...Unsupported])[] = [
    [file.hidden_act !== 'silu', 'hidden_act', `is "${file.hidden_act}"; only silu is supported`],
    [
      file.layer_types?.some((type) => type !== 'full_attention') === true,
      'layer_types',
      'names layers other than "full_attention", which are not supported',
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
function readRopeScaling(file: LlamaFile, refuse: Refuse): RopeScaling | null {
  const field = isSet(file.rope_parameters) ? 'rope_parameters' : 'rope_scaling';
  const settings = file[field];
  const type = settings?.rope_type ?? settings?.type ?? 'default';
  if (type === 'default') return null;
  if (type !== 'llama3') return refuse(field, `sets RoPE type "${type}", which is not supported`);
  const parsed = llama3Scaling.safeParse(settings);
  if (!parsed.success)
    return refuse(`${field}.${parsed.error.issues[0]?.path.join('.') ?? ''}`, 'is missing or malformed');
  const { factor, low_freq_factor: low, high_freq_factor: high } = parsed.data;
  if (high <= low) refuse(`${field}.high_freq_factor`, 'is not above low_freq_factor');
  const originalPositions = parsed.data.original_max_position_embeddings;
  return { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions };
}

function readConfig(file: LlamaFile, refuse: Refuse): Omit<LlamaConfig, 'family'> {
  const heads = file.num_attention_heads;
  const keyValueHeads = file.num_key_value_heads ?? heads;
  const headSize = file.head_dim ?? file.hidden_size / heads;
  if (heads % keyValueHeads !== 0) refuse('num_key_value_heads', 'does not divide num_attention_heads');
  if (!Number.isInteger(headSize) || headSize % 2 !== 0) refuse('head_dim', 'is not an even whole number');
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
    ropeScaling: readRopeScaling(file, refuse),
    tiedEmbeddings: file.tie_word_embeddings,
  };
}

export const config: ConfigRules<LlamaFile, LlamaConfig> = {
  schema: fileSchema,
  unsupported: (file) => {
    if (isSet(file.sliding_window)) return slidingWindow;
    if (file.attention_bias === true)
      return ['attention_bias', 'sets a bias on every projection, which is not supported'];
    return unsupportedFeature(file);
  },
  read: readConfig,
  maxPositions: (file) => file.max_position_embeddings ?? null,
};
