import { BudgetlineError } from '../../core/failures';
import type { ModelConfig } from '../families/define';
import { transposed, type Tensor } from '../tensor';
import { requireFinite } from './finite';
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

/** The tensors of a file in Hugging Face layout under the engine's names and order, without those that are ignored. */
export function renderWeights(file: TensorFile, config: ModelConfig): TensorFile {
  const { huggingFace } = config.family;
  const origins = new Map(
    [...file.shapes.keys()].flatMap((origin) => {
      const name = huggingFace.parameterOf(origin, config);
      return name === null ? [] : [[name, origin] as const];
    }),
  );
  const shapeOf = (name: string, origin: string): readonly number[] => {
    const shape = file.shapes.get(origin)!;
    return huggingFace.isTransposed(name) ? [...shape].reverse() : shape;
  };
  return {
    path: file.path,
    shapes: new Map([...origins].map(([name, origin]) => [name, shapeOf(name, origin)])),
    read(name) {
      const tensor = file.read(origins.get(name) ?? name);
      return huggingFace.isTransposed(name) ? transposed(tensor) : tensor;
    },
  };
}

/**
 * Reads a model's weights, after checking names and shapes of all.
 *
 * @throws CONFIG_INVALID naming the tensor, also for a value that is not a number
 */
export function readWeights(
  path: string,
  { config }: ModelSettings,
  files: readonly TensorFile[],
): Map<string, Tensor> {
  const locations = locateTensors(path, files);
  const expected = config.family.parameters(config);
  for (const { name, dims } of expected) {
    const found = locations.get(name)?.shapes.get(name);
    if (found === undefined) throw misfit(path, name, 'is missing according to its config.json');
    if (found.join() !== dims.join())
      throw misfit(path, name, `is ${list(found)} and should be ${list(dims)} according to its config.json`);
  }
  const known = new Set(expected.map(({ name }) => name));
  const extra = [...locations.keys()].find((name) => !known.has(name));
  if (extra !== undefined) throw misfit(path, extra, 'is unexpected according to its config.json');
  return new Map(
    [...known].map((name) => {
      const file = locations.get(name)!;
      return [name, requireFinite(file.path, name, file.read(name))];
    }),
  );
}
