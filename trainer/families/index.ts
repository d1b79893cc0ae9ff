/** What a family outside of this package is made of: import it from 'budgetline/families'. */
export * from './define';
export { ops } from '../graph';
export type { Value } from '../graph';
export type { Tensor } from '../tensor';
export { llama, type LlamaConfig, type LlamaFile } from './llama';
export { qwen2 } from './qwen2';
export * from './toolkit/blocks';
export * from './toolkit/names';
export * from './toolkit/rope';
