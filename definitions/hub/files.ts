import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { architectureFiles, optionalModelFiles, weightsIndexFileName } from '../../schemas/model-files';
import { listWeightFiles } from '../../store';

/** Whether a repository's file is downloaded: configuration, tokenizer, safetensors weights. */
export function isModelFile(path: string): boolean {
  const named = [...architectureFiles, ...optionalModelFiles, weightsIndexFileName];
  return named.some((name) => name === path) || /^model(?:-\d{5}-of-\d{5})?\.safetensors$/.test(path);
}

/** Required files that a model's folder lacks. */
export async function listMissingFiles(folder: string): Promise<string[]> {
  const wanted = [...architectureFiles, ...(await listWeightFiles(folder))];
  return wanted.filter((name) => !existsSync(join(folder, name)));
}
