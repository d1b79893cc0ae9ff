import { defineFamily } from '../define';
import { headName, layerName } from '../toolkit/names';
import { decoder, initialise, linearModules, parameters } from './block';
import { config } from './config';
import { ggufRules, reorderHeads } from './gguf';

export type { LlamaConfig, LlamaFile } from './config';

/** Llama 2 and 3, and models with their architecture, such as SmolLM 2. */
export const llama = defineFamily({
  name: 'llama',
  title: 'Llama',
  modelTypes: ['llama'],
  config,
  linearModules,
  modulePath: layerName,
  parameters,
  initialise,
  decoder,
  huggingFace: {
    // Older exports have derived buffers, and some files the copy of a tied head.
    parameterOf: (tensor, { tiedEmbeddings }) =>
      tensor.endsWith('rotary_emb.inv_freq') || (tiedEmbeddings && tensor === headName) ? null : tensor,
    isTransposed: () => false,
  },
  gguf: {
    ...ggufRules({ architecture: 'llama', modelType: 'llama', className: 'LlamaForCausalLM' }),
    convert: (parameter, tensor, { headSize }) =>
      /\.[qk]_proj\./.test(parameter) ? reorderHeads(tensor, headSize) : tensor,
  },
});
