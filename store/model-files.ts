import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BudgetlineError } from '../core/failures';
import {
  architectureFiles,
  isGguf,
  optionalModelFiles,
  shardNames,
  weightsFileName,
  weightsIndexFileName,
} from '../schemas/model-files';
import { describeFiles, payloadDigest, type PayloadFile } from './digest';
import { isFile } from '../host/is-file';

/** A model's files on this host, and the digest over them. */
export interface DescribedModel {
  readonly digest: string;
  readonly files: readonly PayloadFile[];
}

const readShards = (folder: string): Promise<string[]> =>
  readFile(join(folder, weightsIndexFileName), 'utf8')
    .then((text) => shardNames(JSON.parse(text)))
    // Loading the model reports what is wrong with its index.
    .catch(() => []);

/** Names of the weight files of a folder, whether they exist or not: one file, or the shards of its index. */
export async function listWeightFiles(folder: string): Promise<string[]> {
  const sharded =
    !existsSync(join(folder, weightsFileName)) && existsSync(join(folder, weightsIndexFileName));
  return sharded ? readShards(folder) : [weightsFileName];
}

async function listFolderFiles(folder: string): Promise<string[]> {
  const weights = await listWeightFiles(folder);
  const index = weights.includes(weightsFileName) ? [] : [weightsIndexFileName];
  return [...architectureFiles, ...optionalModelFiles, ...index, ...weights];
}

/** A GGUF file contains its configuration. A tokenizer in its folder replaces its own. */
function listFilesNextToGguf(folder: string): string[] {
  const [, tokenizer] = architectureFiles;
  const settings = ['config.json', 'generation_config.json'];
  if (!existsSync(join(folder, tokenizer))) return [];
  return [...architectureFiles, ...optionalModelFiles].filter((name) => !settings.includes(name));
}

const describeExisting = (folder: string, names: readonly string[]): Promise<PayloadFile[]> =>
  describeFiles(
    folder,
    names.filter((name) => isFile(join(folder, name))),
  );

async function describeGguf(path: string): Promise<PayloadFile[]> {
  const folder = dirname(path);
  const weights = await describeExisting(folder, [basename(path)]);
  const tokenizer = weights.length === 0 ? [] : await describeExisting(folder, listFilesNextToGguf(folder));
  // The file's name is not part of the model.
  return [...weights.map((file) => ({ ...file, path: 'model.gguf' })), ...tokenizer];
}

/**
 * The files that are read when a model's folder or GGUF file is loaded, links followed. Other files are not
 * part of the model. INPUT_MISSING if the model does not exist.
 */
export async function describeModel(path: string): Promise<DescribedModel> {
  const files = isGguf(path)
    ? await describeGguf(path)
    : await describeExisting(path, await listFolderFiles(path));
  if (files.length > 0) return { digest: payloadDigest(files), files };
  throw new BudgetlineError('INPUT_MISSING', `There is no model at ${path}.`, {
    remedy: 'Name a folder with config.json, tokenizer.json and model.safetensors, or a GGUF file.',
    details: { field: 'model', path },
  });
}
