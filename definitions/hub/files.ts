import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { architectureFiles, optionalModelFiles, weightsIndexFileName } from '../../schemas/model-files';
import { listWeightFiles } from '../../store';

/** Whether a file of a repository is downloaded: settings, tokenizer, weights in safetensors. */
export function isModelFile(path: string): boolean {
  const named = [...architectureFiles, ...optionalModelFiles, weightsIndexFileName];
  return named.some((name) => name === path) || /^model(?:-\d{5}-of-\d{5})?\.safetensors$/.test(path);
}

/** Files that a model's folder must have and has not. */
export async function listMissingFiles(folder: string): Promise<string[]> {
  const wanted = [...architectureFiles, ...(await listWeightFiles(folder))];
  return wanted.filter((name) => !existsSync(join(folder, name)));
}
