import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import { architectureFiles, optionalModelFiles } from '../../schemas/model-files';
import { attempt } from './files';

type FileName = (typeof architectureFiles)[number] | (typeof optionalModelFiles)[number];

/** A model's small files by name, from its folder or derived from a GGUF file. */
export type ModelFiles = ReadonlyMap<string, Buffer>;

export function readFolderFiles(folder: string): ModelFiles {
  const names = [...architectureFiles, ...optionalModelFiles].filter((name) =>
    existsSync(join(folder, name)),
  );
  const read = (name: string): Buffer => {
    const path = join(folder, name);
    return attempt(path, 'read', () => readFileSync(path));
  };
  return new Map(names.map((name) => [name, read(name)]));
}

/** Bytes of a required file; `path` is the model's. @throws INPUT_MISSING */
export function takeFile(files: ModelFiles, name: FileName, path: string): Buffer {
  const found = files.get(name);
  if (found !== undefined) return found;
  throw new BudgetlineError('INPUT_MISSING', `The model ${path} has no ${name}.`, {
    details: { path, name },
  });
}

/** Content of a required JSON file. @throws INPUT_MISSING, CONFIG_INVALID */
export function takeJson(files: ModelFiles, name: FileName, path: string): unknown {
  const text = takeFile(files, name, path).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `${path}: ${name} is not JSON: ${(error as Error).message}.`,
      { details: { path, name }, cause: error },
    );
  }
}
