import type { ModelFamily } from './define';
import { llama } from './llama';
import { qwen2 } from './qwen2';

/** The families of this package, a line each. */
// prettier-ignore
export const families: readonly ModelFamily[] = [
  llama,
  qwen2,
];
