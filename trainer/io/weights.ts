import { BudgetlineError } from '../../contracts/failures';
import type { Tensor } from '../engine/types';
import { headName, modelParameters } from '../model/parameters';
import type { ModelSettings } from './model-config';
import type { TensorFile } from './tensor-file';

/** The file of each tensor. @throws CONFIG_INVALID for a tensor in two files */
function locateTensors(folder: string, files: readonly TensorFile[]): Map<string, TensorFile> {
  const locations = new Map<string, TensorFile>();
  for (const file of files)
    for (const name of file.shapes.keys()) {
      if (locations.has(name)) throw misfit(folder, name, 'is in two files');
      locations.set(name, file);
    }
  return locations;
}

function misfit(folder: string, tensor: string, what: string): BudgetlineError {
  return new BudgetlineError('CONFIG_INVALID', `${folder}: tensor "${tensor}" ${what}.`, {
    remedy: 'Use the config.json of these weights.',
    details: { path: folder, tensor },
  });
}

const list = (dims: readonly number[]): string => `[${dims.join(', ')}]`;

/**
 * Reads a model's weights, after checking names and shapes of all. Ignores derived buffers of older exports and the written
 * copy of a tied head.
 */
export function readWeights(
  path: string,
  { config }: ModelSettings,
  files: readonly TensorFile[],
): Map<string, Tensor> {
  const locations = locateTensors(path, files);
  const expected = modelParameters(config);
  for (const { name, dims } of expected) {
    const found = locations.get(name)?.shapes.get(name);
    if (found === undefined) throw misfit(path, name, 'is missing according to its config.json');
    if (found.join() !== dims.join())
      throw misfit(path, name, `is ${list(found)} and should be ${list(dims)} according to its config.json`);
  }
  const known = new Set(expected.map(({ name }) => name));
  const harmless = (name: string): boolean => name.endsWith('rotary_emb.inv_freq') || name === headName;
  const extra = [...locations.keys()].find((name) => !known.has(name) && !harmless(name));
  if (extra !== undefined) throw misfit(path, extra, 'is unexpected according to its config.json');
  return new Map([...known].map((name) => [name, locations.get(name)!.read(name)]));
}
