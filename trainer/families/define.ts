import type { z } from 'zod';
import type { Value } from '../graph';
import type { Tensor } from '../tensor';
import type { DecoderOps, LoraWeights } from './decoder-ops';

/** What the engine needs of every model. A family adds its own fields. */
export interface ModelConfig {
  readonly family: ModelFamily;
  readonly vocabSize: number;
  /** Width of the residual stream: D. */
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** A parameter tensor: its Hugging Face name and shape. */
export interface ParameterSpec {
  readonly name: string;
  readonly dims: readonly number[];
  /** Whether weight decay applies: to matrices, not to norm weights and biases. */
  readonly decayed: boolean;
}

/** Fresh values of a parameter: one value, or normal with mean 0. */
export type Initialisation = { readonly value: number } | { readonly deviation: number };

/** A linear module of every layer, which can have an adapter. Its parameters are `<path>.weight` [out, in] and `.bias`. */
export interface LinearModule<Config extends ModelConfig = ModelConfig> {
  /** The name in LoRA's target modules: "q_proj". */
  readonly name: string;
  /** Its place in a layer: "self_attn.q_proj". */
  readonly place: string;
  readonly hasBias: boolean;
  /** [out, in] */
  dims(config: Config): readonly [number, number];
}

/** The weights of a model in a graph: constants, or inputs that are trained. */
export interface WeightSource {
  readonly weight: (name: string) => Value;
  /**
   * The adapter of a module, e.g. "model.layers.0.self_attn.q_proj", for inputs of `tokens` rows. null: none.
   */
  readonly adapter: (
    module: string,
    tokens: number,
  ) => { readonly weights: LoraWeights; readonly scale: number } | null;
}

export interface DecoderContext<Config extends ModelConfig = ModelConfig> {
  readonly config: Config;
  readonly source: WeightSource;
  readonly decoderOps: DecoderOps;
}

/** Projections of one layer before positions are applied: q [N, H · hd], k and v [N, KV · hd]. */
export interface Projections {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** The attention of a layer → [N, H · hd]. Training, prefill and decoding differ only in this. */
export type Attention = (projections: Projections, layer: number) => Value;

/** Rotary position embedding: the angle per position of each pair (i, i + hd / 2) of a head. */
export interface RotaryEmbedding {
  readonly frequencies: readonly number[];
}

/** How the attention of a layer uses positions and scores. */
export interface AttentionRules {
  /** Factor of q · k. */
  readonly scale: number;
  /** null: q and k are not rotated. */
  readonly rotary: RotaryEmbedding | null;
}

/** The computation of a family's decoder, on a residual stream x [N, D]. */
export interface DecoderRules<Config extends ModelConfig> {
  /** Token ids [N] and their positions [N, 1] → residual stream. */
  embed(context: DecoderContext<Config>, tokens: { readonly ids: Value; readonly positions: Value }): Value;
  /**
   * One layer. `select` chooses the rows with queries, and the result has only these rows. Keys and values come from all
   * of x.
   */
  layer(
    context: DecoderContext<Config>,
    x: Value,
    layer: number,
    rows: { readonly attend: Attention; readonly select: (value: Value) => Value },
  ): Value;
  attention(config: Config, layer: number): AttentionRules;
  /** Residual stream → inputs of the head [N, D]. */
  finalNorm(context: DecoderContext<Config>, x: Value): Value;
  /** The weights of the head [V, D]. */
  head(context: DecoderContext<Config>): Value;
}

/** Refuses a config.json: its field, and the reason as the rest of a sentence. */
export type Refuse = (field: string, why: string) => never;

/** How a family reads config.json. */
export interface ConfigRules<File, Config extends ModelConfig> {
  /** The fields that change what the model computes. */
  readonly schema: z.ZodType<File>;
  /** The first feature that the family does not support: its field, and the reason. null: none. */
  unsupported(file: File): readonly [field: string, why: string] | null;
  read(file: File, refuse: Refuse): Omit<Config, 'family'>;
  /** The longest sequence of the model. null: unknown. */
  maxPositions(file: File): number | null;
}

/** How a family's weights are in Hugging Face's files. The engine uses the same names. */
export interface HuggingFaceRules<Config extends ModelConfig> {
  /** The parameter in a tensor of a file. null: a derived buffer or a copy, which is ignored. */
  parameterOf(tensor: string, config: Config): string | null;
  /** Whether files have the matrix of this parameter as [in, out]. */
  isTransposed(parameter: string): boolean;
}

/** A GGUF file, as a family reads its metadata. */
export interface GgufModel {
  /** A number of the metadata, without the architecture in front: "block_count". null: not there. */
  readonly find: (name: string) => number | null;
  /** The same, and a missing one is an error. */
  readonly need: (name: string) => number;
  /** Any value of the metadata, by its whole name. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  read(tensor: string): Tensor;
  /** Refuses the file; `what` is the rest of a sentence. */
  refuse(what: string): never;
}

/** How a family's models are in GGUF files. */
export interface GgufRules<Config extends ModelConfig> {
  /** "general.architecture" */
  readonly architecture: string;
  /** The content of config.json. */
  config(file: GgufModel): Record<string, unknown>;
  /** The parameter in a tensor. null: none. Unknown tensors keep their name, for the error. */
  parameterOf(tensor: string): string | null;
  /** A parameter in the engine's order of rows and columns. */
  convert(parameter: string, tensor: Tensor, config: Config): Tensor;
}

/** Everything that is known about a family of models. */
export interface FamilyRules<File, Config extends ModelConfig> {
  /** "qwen2" */
  readonly name: string;
  /** "Qwen 2" */
  readonly title: string;
  /** Its values of "model_type" in config.json. */
  readonly modelTypes: readonly string[];
  readonly config: ConfigRules<File, Config>;
  /** The linear modules of a layer in the order of computation: LoRA's targets. */
  readonly linearModules: readonly LinearModule<Config>[];
  /** The whole path of a module: "model.layers.0.self_attn.q_proj". */
  modulePath(layer: number, place: string): string;
  /** Every parameter, in a fixed order. */
  parameters(config: Config): readonly ParameterSpec[];
  initialise(parameter: ParameterSpec, config: Config): Initialisation;
  readonly decoder: DecoderRules<Config>;
  readonly huggingFace: HuggingFaceRules<Config>;
  /** null: no GGUF files. */
  readonly gguf: GgufRules<Config> | null;
}

/** A family whose own fields do not matter. */
export type ModelFamily = FamilyRules<unknown, ModelConfig>;

/** Checks at compile time that a family has every rule. Start from another family with `{ ...llama, … }`. */
export const defineFamily = <File, Config extends ModelConfig>(
  rules: FamilyRules<File, Config>,
): FamilyRules<File, Config> => rules;
