import type { GgufModel, GgufRules, ModelConfig, ModelFamily } from '../../families/define';
import { familiesWith } from '../model-config';
import type { TensorFile } from '../tensor-file';
import { refuseGguf, type GgufFile } from './file';

/** A GGUF file as its family reads it. */
function openModel(file: GgufFile, architecture: string): GgufModel {
  const { path, metadata, shapes } = file;
  const find = (name: string): number | null => {
    const value = metadata[`${architecture}.${name}`];
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
  };
  return {
    find,
    need: (name) => find(name) ?? refuseGguf(path, `its metadata has no number "${architecture}.${name}"`),
    metadata,
    shapes,
    read: (name) => file.read(name),
    refuse: (what) => refuseGguf(path, what),
  };
}

function findRules(file: GgufFile, own: ModelFamily | null): GgufRules<ModelConfig> {
  const architecture = String(file.metadata['general.architecture']);
  const known = familiesWith(own).flatMap(({ gguf }) => (gguf === null ? [] : [gguf]));
  const names = known.map((rules) => rules.architecture);
  return (
    known.find((rules) => rules.architecture === architecture) ??
    refuseGguf(file.path, `its architecture is "${architecture}"; ${names.join(' and ')} are supported`)
  );
}

/** The config.json of a GGUF file. @throws CONFIG_INVALID naming the unsupported feature. */
export function renderGgufConfig(file: GgufFile, own: ModelFamily | null): Record<string, unknown> {
  const rules = findRules(file, own);
  return rules.config(openModel(file, rules.architecture));
}

/** The tensors of a GGUF file under Hugging Face's names and in the engine's order. */
export function renderGgufWeights(file: GgufFile, config: ModelConfig): TensorFile {
  const rules = findRules(file, config.family);
  const origins = new Map(
    [...file.shapes.keys()].flatMap((origin) => {
      const name = rules.parameterOf(origin);
      return name === null ? [] : [[name, origin] as const];
    }),
  );
  return {
    path: file.path,
    shapes: new Map([...origins].map(([name, origin]) => [name, file.shapes.get(origin)!])),
    read: (name) => rules.convert(name, file.read(origins.get(name) ?? name), config),
  };
}
