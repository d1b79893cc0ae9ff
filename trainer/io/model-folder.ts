import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import type { Tensor, Weights } from '../engine/types';
import { headName, modelParameters } from '../model/parameters';
import { attempt, hashFile, readJson, readText, writeSynced } from './files';
import { readModelConfig, type ModelSettings } from './model-config';
import { encodeSafetensors, openSafetensors } from './safetensors';
import type { TensorFile } from './tensor-file';
import { chatTemplateFileName } from './tokenizer';

export const weightsFileName = 'model.safetensors';
const indexFileName = 'model.safetensors.index.json';
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Small files that travel with the weights: those that every model has, and those that some have. */
export const architectureFiles = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
const optionalFiles = ['generation_config.json', 'special_tokens_map.json', chatTemplateFileName] as const;

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

/** Where each tensor is read from; one that two files claim is refused. */
function placeTensors(folder: string, files: readonly TensorFile[]): Map<string, TensorFile> {
  const places = new Map<string, TensorFile>();
  for (const file of files)
    for (const name of file.shapes.keys()) {
      if (places.has(name)) throw misfit(folder, name, 'stands in two files, where one is enough');
      places.set(name, file);
    }
  return places;
}

function misfit(folder: string, tensor: string, what: string): BudgetlineError {
  return new BudgetlineError('CONFIG_INVALID', `${folder}: tensor "${tensor}" ${what}.`, {
    remedy: 'Use a config.json and weights that belong together.',
    details: { path: folder, tensor },
  });
}

const list = (dims: readonly number[]): string => `[${dims.join(', ')}]`;

/**
 * Reads the weights that a model has, one after the other and only when all are known to be there in the right shape.
 * Derived buffers of older exports, and a tied head that was written out, add nothing and are not read.
 */
export function readWeights(
  path: string,
  { config }: ModelSettings,
  files: readonly TensorFile[],
): Map<string, Tensor> {
  const places = placeTensors(path, files);
  const expected = modelParameters(config);
  for (const { name, dims } of expected) {
    const found = places.get(name)?.shapes.get(name);
    if (found === undefined) throw misfit(path, name, 'is missing according to its config.json');
    if (found.join() !== dims.join())
      throw misfit(path, name, `is ${list(found)} and should be ${list(dims)} according to its config.json`);
  }
  const known = new Set(expected.map(({ name }) => name));
  const harmless = (name: string): boolean => name.endsWith('rotary_emb.inv_freq') || name === headName;
  const extra = [...places.keys()].find((name) => !known.has(name) && !harmless(name));
  if (extra !== undefined) throw misfit(path, extra, 'has no place according to its config.json');
  return new Map([...known].map((name) => [name, places.get(name)!.read(name)]));
}

/**
 * Reads a model folder in Hugging Face layout, in one file or sharded.
 * @throws CONFIG_INVALID naming the field or tensor, INPUT_MISSING, IO_FAILED.
 */
export function loadModelFolder(folder: string): ModelFolder {
  const settings = readModelConfig(folder);
  const files = listWeightFiles(folder).map(openSafetensors);
  return { path: folder, settings, weights: readWeights(folder, settings, files) };
}

/** SHA-256 of each file that a model's behaviour comes from, by file name. */
export async function digestModelFolder(folder: string): Promise<Record<string, string>> {
  const template = join(folder, chatTemplateFileName);
  const paths = [
    ...architectureFiles.map((name) => join(folder, name)),
    ...(existsSync(template) ? [template] : []),
    ...listWeightFiles(folder),
  ];
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
