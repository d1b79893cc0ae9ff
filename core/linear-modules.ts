/** Linear modules of a layer in Llama and most newer families, in the order of computation: the default targets of LoRA. */
export const linearModules = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
