import { ops } from '../../graph';
import type { DecoderRules, FamilyRules, LinearModule, ParameterSpec } from '../define';
import { rmsNorm, selfAttention, swigluFeedForward } from '../toolkit/blocks';
import {
  embeddingName,
  finalNormName,
  headName,
  layerName,
  linearParameters,
  normParameter,
} from '../toolkit/names';
import { ropeFrequencies } from '../toolkit/rope';
import type { LlamaConfig } from './config';

type Module = LinearModule<LlamaConfig>;
const linearModule = (name: string, place: string, dims: Module['dims']): Module => ({
  name,
  place: `${place}.${name}`,
  hasBias: false,
  dims,
});

const keyValueDims: Module['dims'] = (c) => [c.keyValueHeads * c.headSize, c.hiddenSize];
const upDims: Module['dims'] = (c) => [c.intermediateSize, c.hiddenSize];

export const linearModules: readonly Module[] = [
  linearModule('q_proj', 'self_attn', (c) => [c.heads * c.headSize, c.hiddenSize]),
  linearModule('k_proj', 'self_attn', keyValueDims),
  linearModule('v_proj', 'self_attn', keyValueDims),
  linearModule('o_proj', 'self_attn', (c) => [c.hiddenSize, c.heads * c.headSize]),
  linearModule('gate_proj', 'mlp', upDims),
  linearModule('up_proj', 'mlp', upDims),
  linearModule('down_proj', 'mlp', (c) => [c.hiddenSize, c.intermediateSize]),
];

function layerParameters(config: LlamaConfig, layer: number): ParameterSpec[] {
  return [
    normParameter(config, layerName(layer, 'input_layernorm.weight')),
    ...config.family.linearModules.flatMap((module) => linearParameters(config, layer, module)),
    normParameter(config, layerName(layer, 'post_attention_layernorm.weight')),
  ];
}

export function parameters(config: LlamaConfig): readonly ParameterSpec[] {
  const table = [config.vocabSize, config.hiddenSize];
  const layers = Array.from({ length: config.layers }, (_, layer) => layerParameters(config, layer));
  return [
    { name: embeddingName, dims: table, decayed: true },
    ...layers.flat(),
    normParameter(config, finalNormName),
    ...(config.tiedEmbeddings ? [] : [{ name: headName, dims: table, decayed: true }]),
  ];
}

/** Standard deviation of fresh weights. */
const initializerRange = 0.02;

/** The projections into the residual stream, two in each layer, are scaled by depth. */
export const initialise: FamilyRules<unknown, LlamaConfig>['initialise'] = ({ name }, { layers }) => {
  if (name.endsWith('norm.weight')) return { value: 1 };
  if (name.endsWith('.bias')) return { value: 0 };
  const isOutput = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  return { deviation: isOutput ? initializerRange / Math.sqrt(2 * layers) : initializerRange };
};

export const decoder: DecoderRules<LlamaConfig> = {
  embed: ({ source }, { ids }) => ops.gatherRows(source.weight(embeddingName), ids),
  layer(context, x, layer, rows) {
    const normed = rmsNorm(context, x, layerName(layer, 'input_layernorm.weight'));
    const attended = ops.add(rows.select(x), selfAttention(context, normed, layer, rows));
    const inner = rmsNorm(context, attended, layerName(layer, 'post_attention_layernorm.weight'));
    return ops.add(attended, swigluFeedForward(context, inner, layer));
  },
  attention: (config) => ({
    scale: config.headSize ** -0.5,
    rotary: { frequencies: ropeFrequencies(config) },
  }),
  finalNorm: (context, x) => rmsNorm(context, x, finalNormName),
  head: ({ config, source }) => source.weight(config.tiedEmbeddings ? embeddingName : headName),
};
