import { BudgetlineError } from '../../contracts/failures';
import type { Tensor } from '../engine/types';
import { headName, modelParameters } from '../model/parameters';
import type { ModelSettings } from './model-config';
import type { TensorFile } from './tensor-file';

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
