import { defineFamily, finalNormName, llama, ops } from 'budgetline/families';

const scaleName = 'model.output_scale';

/**
 * A toy family: Llama with a learned scale of the last norm, no rotation in every second layer, and down_proj stored as
 * [in, out].
 */
export const scaledLlama = defineFamily({
  ...llama,
  name: 'scaled_llama',
  title: 'Scaled Llama',
  modelTypes: ['scaled_llama'],
  parameters: (config) => [
    ...llama.parameters(config),
    { name: scaleName, dims: [config.hiddenSize], decayed: false },
  ],
  initialise: (parameter, config) =>
    parameter.name === scaleName ? { value: 0.5 } : llama.initialise(parameter, config),
  decoder: {
    ...llama.decoder,
    attention: (config, layer) => {
      const rules = llama.decoder.attention(config, layer);
      return layer % 2 === 1 ? { ...rules, rotary: null } : rules;
    },
    finalNorm: (context, x) => {
      const scale = ops.mul(context.source.weight(finalNormName), context.source.weight(scaleName));
      return context.decoderOps.rmsNorm(x, scale, context.config.rmsNormEpsilon);
    },
  },
  huggingFace: { ...llama.huggingFace, isTransposed: (name) => name.endsWith('down_proj.weight') },
  gguf: null,
});
