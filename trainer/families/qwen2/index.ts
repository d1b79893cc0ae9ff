import { defineFamily } from '../define';
import { llama } from '../llama';
import { slidingWindow, unsupportedFeature } from '../llama/config';
import { ggufRules } from '../llama/gguf';

const biased: ReadonlySet<string> = new Set(['q_proj', 'k_proj', 'v_proj']);

/** Qwen 2 and 2.5: Llama with a bias on q, k and v. */
export const qwen2 = defineFamily({
  ...llama,
  name: 'qwen2',
  title: 'Qwen 2',
  modelTypes: ['qwen2'],
  config: {
    ...llama.config,
    // Its files set "sliding_window" also where no layer uses it.
    unsupported: (file) => (file.use_sliding_window === true ? slidingWindow : unsupportedFeature(file)),
  },
  linearModules: llama.linearModules.map((module) => ({ ...module, hasBias: biased.has(module.name) })),
  gguf: ggufRules({ architecture: 'qwen2', modelType: 'qwen2', className: 'Qwen2ForCausalLM' }),
});
