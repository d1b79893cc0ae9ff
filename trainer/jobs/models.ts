import { BudgetlineError } from '../../core/failures';
import { mergeLora } from '../engine';
import type { Tensor } from '../tensor';
import type { ModelFamily } from '../families/define';
import { digestAdapter, loadAdapter, type Adapter } from '../io/adapter';
import { digestModelFolder, loadModel, type ModelFolder } from '../io/model-folder';
import { loraParameters } from '../model/parameters';

/** Fields of jobs on a model with an optional adapter. */
export interface ModelFields {
  readonly model: string;
  readonly adapter: string | null;
}

export async function describeModel({ model, adapter }: ModelFields): Promise<Record<string, unknown>> {
  return {
    model: await digestModelFolder(model),
    adapter: adapter === null ? null : await digestAdapter(adapter),
  };
}

/** Requires A and B of every target module in the model's shapes, and no other tensors. */
function requireFit(folder: string, model: ModelFolder, { lora, tensors }: Adapter): void {
  const expected = new Map(
    loraParameters(model.settings.config, lora).map(({ name, dims }) => [name, dims.join()]),
  );
  const names = [...new Set([...expected.keys(), ...tensors.keys()])];
  const wrong = names.find((name) => expected.get(name) !== tensors.get(name)?.dims.join());
  if (wrong === undefined) return;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `Adapter ${folder}: tensor "${wrong}" does not fit the model ${model.path}.`,
    {
      remedy: 'Use the model that the adapter was trained on.',
      details: { path: folder, tensor: wrong },
    },
  );
}

/** Loads a model and merges its adapter, if any, in memory. `own` is the job's own family. */
export async function loadMergedModel(
  { model: folder, adapter }: ModelFields,
  own: ModelFamily | null,
): Promise<ModelFolder> {
  const model = await loadModel(folder, own);
  if (adapter === null) return model;
  const loaded = loadAdapter(adapter);
  requireFit(adapter, model, loaded);
  const weights: Map<string, Tensor> = mergeLora(model.weights, loaded.lora, loaded.tensors);
  return { ...model, weights };
}
