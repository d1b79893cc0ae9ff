import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';

const required = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
const optional = ['generation_config.json', 'special_tokens_map.json', 'chat_template.jinja'] as const;
const single = 'model.safetensors';
const index = 'model.safetensors.index.json';

/** Whether a file of a repository belongs to the model that is trained: its settings, its tokenizer, its safetensors. */
export function isModelFile(path: string): boolean {
  if ([...required, ...optional, index].some((name) => name === path)) return true;
  return /^model(?:-\d{5}-of-\d{5})?\.safetensors$/.test(path);
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

async function listWeights(folder: string): Promise<string[]> {
  if (existsSync(join(folder, single)) || !existsSync(join(folder, index))) return [single];
  const parsed = indexSchema.safeParse(JSON.parse(await readFile(join(folder, index), 'utf8')));
  const shards = parsed.success ? Object.values(parsed.data.weight_map) : [];
  return [...new Set(shards)].filter((shard) => basename(shard) === shard);
}

/** Files that a model's folder must have and has not. */
export async function listMissingFiles(folder: string): Promise<string[]> {
  const wanted = [...required, ...(await listWeights(folder))];
  return wanted.filter((name) => !existsSync(join(folder, name)));
}
