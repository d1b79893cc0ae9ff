import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import {
  architectureFiles,
  chatTemplateFileName,
  isGguf,
  shardNames,
  weightsFileName,
  weightsIndexFileName,
} from '../../schemas/model-files';
import type { ModelFamily } from '../families/define';
import { transposed, type Tensor, type Weights } from '../tensor';
import { hashFile, readJson, writeSynced } from './files';
import { loadGguf, readGgufFiles, readGgufTokenizer } from './gguf';
import { missingFile } from './missing-file';
import { readModelConfig, type ModelSettings } from './model-config';
import { readFolderFiles, takeFile, type ModelFiles } from './model-files';
import { encodeSafetensors, openSafetensors } from './safetensors';
import { readWeights, renderWeights } from './weights';

export interface ModelFolder {
  readonly path: string;
  readonly settings: ModelSettings;
  readonly weights: Map<string, Tensor>;
}

/** Paths of the weight files: one, or the shards in the index. @throws INPUT_MISSING, CONFIG_INVALID */
export function listWeightFiles(folder: string): string[] {
  const single = join(folder, weightsFileName);
  const indexPath = join(folder, weightsIndexFileName);
  if (existsSync(single)) return [single];
  if (!existsSync(indexPath)) throw missingFile(folder, weightsFileName);
  const shards = shardNames(readJson(indexPath));
  if (shards.length === 0)
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `${indexPath}: field "weight_map" does not list files of its folder.`,
      { details: { path: indexPath, field: 'weight_map' } },
    );
  return shards.map((shard) => join(folder, shard));
}

/**
 * Reads a model folder in Hugging Face layout, with one weight file or shards. `own` is the job's own family.
 * @throws CONFIG_INVALID naming the field or tensor, INPUT_MISSING, IO_FAILED.
 */
export function loadModelFolder(folder: string, own: ModelFamily | null = null): ModelFolder {
  const settings = readModelConfig(folder, own);
  const files = listWeightFiles(folder).map((path) => renderWeights(openSafetensors(path), settings.config));
  return { path: folder, settings, weights: readWeights(folder, settings, files) };
}

/** Reads a model from its folder or its GGUF file. @throws as `loadModelFolder`. */
export async function loadModel(path: string, own: ModelFamily | null = null): Promise<ModelFolder> {
  return isGguf(path) ? loadGguf(path, own) : loadModelFolder(path, own);
}

/** The small files of a model folder, or those derived from a GGUF file. */
export async function readModelFiles(path: string, own: ModelFamily): Promise<ModelFiles> {
  return isGguf(path) ? readGgufFiles(path, own) : readFolderFiles(path);
}

/** Those of the small files that the tokenizer is opened from. */
export async function readTokenizerFiles(path: string): Promise<ModelFiles> {
  return isGguf(path) ? readGgufTokenizer(path) : readFolderFiles(path);
}

function listTemplates(folder: string): string[] {
  const template = join(folder, chatTemplateFileName);
  return existsSync(template) ? [template] : [];
}

function listFolderFiles(folder: string): string[] {
  const missing = architectureFiles.find((name) => !existsSync(join(folder, name)));
  if (missing !== undefined) throw missingFile(folder, missing);
  const small = architectureFiles.map((name) => join(folder, name));
  return [...small, ...listTemplates(folder), ...listWeightFiles(folder)];
}

function listGgufFiles(path: string): string[] {
  const folder = dirname(path);
  const tokenizer = architectureFiles.slice(1).map((name) => join(folder, name));
  return [path, ...(existsSync(tokenizer[0]!) ? [...tokenizer, ...listTemplates(folder)] : [])];
}

/** SHA-256 of each file that affects a model's output, by file name. @throws INPUT_MISSING, CONFIG_INVALID */
export async function digestModelFolder(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const path of isGguf(folder) ? listGgufFiles(folder) : listFolderFiles(folder))
    digests[basename(path)] = await hashFile(path);
  return digests;
}

/** config.json unchanged, except that its dtype is the float32 of the written weights. */
const renderConfig = (config: Buffer): string =>
  config.toString('utf8').replace(/("(?:torch_)?dtype"\s*:\s*)"(?:bfloat16|float16)"/, '$1"float32"');

const toFileOrder = (weights: Weights, { huggingFace }: ModelFamily): Weights =>
  new Map(
    [...weights].map(([name, tensor]) => [
      name,
      huggingFace.isTransposed(name) ? transposed(tensor) : tensor,
    ]),
  );

/** Writes a model folder: f32 weights and the small files of the source model. */
export function saveModelFolder(
  target: string,
  { source, weights, family }: { source: string | ModelFiles; weights: Weights; family: ModelFamily },
): void {
  const files = typeof source === 'string' ? readFolderFiles(source) : source;
  for (const name of architectureFiles) takeFile(files, name, typeof source === 'string' ? source : target);
  writeSynced(join(target, weightsFileName), encodeSafetensors(toFileOrder(weights, family)));
  for (const [name, bytes] of files)
    writeSynced(join(target, name), [name === 'config.json' ? renderConfig(bytes) : bytes]);
}
