import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import type { Tensor, Weights } from '../engine/types';
import { modelParameters } from '../model/parameters';
import { attempt, hashFile, readJson, readText, writeSynced } from './files';
import { readModelConfig, type ModelSettings } from './model-config';
import { encodeSafetensors, readSafetensors } from './safetensors';

export const weightsFileName = 'model.safetensors';
const indexFileName = 'model.safetensors.index.json';
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Small files that travel with the weights: those that every model has, and those that some have. */
export const architectureFiles = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
const optionalFiles = ['generation_config.json', 'special_tokens_map.json', 'chat_template.jinja'] as const;

export interface ModelFolder {
  readonly path: string;
  readonly settings: ModelSettings;
  readonly weights: Map<string, Tensor>;
}

/** Paths of the weight files: one, or the shards that the index names. */
export function listWeightFiles(folder: string): string[] {
  const single = join(folder, weightsFileName);
  const indexPath = join(folder, indexFileName);
  if (existsSync(single) || !existsSync(indexPath)) return [single];
  const parsed = indexSchema.safeParse(readJson(indexPath));
  const shards = parsed.success ? [...new Set(Object.values(parsed.data.weight_map))].sort() : [];
  // A shard is a file of this folder: an index from anywhere must not reach outside it.
  if (shards.length === 0 || shards.some((shard) => basename(shard) !== shard))
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `${indexPath}: field "weight_map" does not list files of its folder.`,
      {
        details: { path: indexPath, field: 'weight_map' },
      },
    );
  return shards.map((shard) => join(folder, shard));
}

function checkWeights(
  folder: string,
  settings: ModelSettings,
  found: Map<string, Tensor>,
): Map<string, Tensor> {
  const expected = new Map(modelParameters(settings.config).map(({ name, dims }) => [name, dims]));
  const problem = (what: string, tensor: string): BudgetlineError =>
    new BudgetlineError('CONFIG_INVALID', `${folder}: ${what} according to its config.json.`, {
      remedy: 'Use a config.json and weights that belong together.',
      details: { path: folder, tensor },
    });
  for (const [name, dims] of expected) {
    const tensor = found.get(name);
    if (tensor === undefined) throw problem(`tensor "${name}" is missing`, name);
    if (tensor.dims.join() !== dims.join())
      throw problem(
        `tensor "${name}" is [${tensor.dims.join(', ')}] and should be [${dims.join(', ')}]`,
        name,
      );
  }
  // Derived buffers of older exports, and a tied head that was written out, add nothing.
  const harmless = (name: string): boolean =>
    name.endsWith('rotary_emb.inv_freq') || name === 'lm_head.weight';
  const extra = [...found.keys()].find((name) => !expected.has(name) && !harmless(name));
  if (extra !== undefined) throw problem(`tensor "${extra}" has no place`, extra);
  return new Map([...expected.keys()].map((name) => [name, found.get(name) as Tensor]));
}

/**
 * Reads a model folder in Hugging Face layout, in one file or sharded.
 * @throws CONFIG_INVALID naming the field or tensor, INPUT_MISSING, IO_FAILED.
 */
export function loadModelFolder(folder: string): ModelFolder {
  const settings = readModelConfig(folder);
  const found = new Map<string, Tensor>();
  for (const path of listWeightFiles(folder))
    for (const [name, tensor] of readSafetensors(path).tensors) found.set(name, tensor);
  return { path: folder, settings, weights: checkWeights(folder, settings, found) };
}

/** SHA-256 of each file that a model's behaviour comes from, by file name. */
export async function digestModelFolder(folder: string): Promise<Record<string, string>> {
  const paths = [...architectureFiles.map((name) => join(folder, name)), ...listWeightFiles(folder)];
  const digests: Record<string, string> = {};
  for (const path of paths) digests[basename(path)] = await hashFile(path);
  return digests;
}

/** config.json as it was, except that it says f32 where it names a type, since that is what is written. */
function renderConfig(sourceFolder: string): string {
  const text = readText(join(sourceFolder, 'config.json'));
  return text.replace(/("(?:torch_)?dtype"\s*:\s*)"(?:bfloat16|float16)"/, '$1"float32"');
}

/** Writes weights as f32 beside the small files of the folder that they came from. */
export function saveModelFolder(target: string, options: { source: string; weights: Weights }): void {
  writeSynced(join(target, weightsFileName), encodeSafetensors(options.weights));
  writeSynced(join(target, 'config.json'), [renderConfig(options.source)]);
  for (const name of [...architectureFiles.slice(1), ...optionalFiles]) {
    const path = join(options.source, name);
    if (!(architectureFiles as readonly string[]).includes(name) && !existsSync(path)) continue;
    writeSynced(join(target, name), [attempt(path, 'read', () => readFileSync(path))]);
  }
}
