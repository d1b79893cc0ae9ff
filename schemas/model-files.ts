import { z } from 'zod';

/** Small files that every model in Hugging Face layout has. */
export const architectureFiles = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
/** Transformers writes the template to a file of its own since version 4.52. */
export const chatTemplateFileName = 'chat_template.jinja';
/** Small files that some models have. */
export const optionalModelFiles = [
  'generation_config.json',
  'special_tokens_map.json',
  chatTemplateFileName,
] as const;
export const weightsFileName = 'model.safetensors';
/** Lists the shards of a model whose weights are in several files. */
export const weightsIndexFileName = 'model.safetensors.index.json';

/** A model's path that names one GGUF file in place of a folder. */
export const isGguf = (path: string): boolean => path.endsWith('.gguf');

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Shards that an index lists, sorted; none where it is malformed or names a file outside of its folder. */
export function shardNames(index: unknown): string[] {
  const parsed = indexSchema.safeParse(index);
  const shards = parsed.success ? [...new Set(Object.values(parsed.data.weight_map))].sort() : [];
  return shards.some((shard) => /^\.{0,2}$|[/\\]/.test(shard)) ? [] : shards;
}
