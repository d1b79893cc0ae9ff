import { z } from 'zod';

/** Small files of every model in Hugging Face layout. */
export const architectureFiles = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
/** A separate file since Transformers 4.52. */
export const chatTemplateFileName = 'chat_template.jinja';
/** Small files of some models. */
export const optionalModelFiles = [
  'generation_config.json',
  'special_tokens_map.json',
  chatTemplateFileName,
] as const;
export const weightsFileName = 'model.safetensors';
/** Lists the shards of a model with several weight files. */
export const weightsIndexFileName = 'model.safetensors.index.json';

/** Whether a model's path is a GGUF file, not a folder. */
export const isGguf = (path: string): boolean => path.endsWith('.gguf');

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Shards in an index, sorted; none if it is malformed or names a file outside of its folder. */
export function shardNames(index: unknown): string[] {
  const parsed = indexSchema.safeParse(index);
  const shards = parsed.success ? [...new Set(Object.values(parsed.data.weight_map))].sort() : [];
  return shards.some((shard) => /^\.{0,2}$|[/\\]/.test(shard)) ? [] : shards;
}
