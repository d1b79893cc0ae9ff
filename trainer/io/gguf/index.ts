import { dirname } from 'node:path';
import type { ModelFamily } from '../../families/define';
import type { Tensor } from '../../tensor';
import { parseModelConfig, type ModelSettings } from '../model-config';
import { readFolderFiles, type ModelFiles } from '../model-files';
import { readWeights } from '../weights';
import { openGguf, type GgufFile } from './file';
import { renderGgufConfig, renderGgufWeights } from './model';
import { renderGgufTokenizer } from './tokenizer';

const json = (value: object): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

/** Uses a tokenizer.json in the same folder; else derives one from the metadata. */
function readTokenizerFiles(file: GgufFile): ModelFiles {
  const files = readFolderFiles(dirname(file.path));
  if (files.has('tokenizer.json'))
    return new Map(
      [...files].filter(([name]) => name !== 'config.json' && name !== 'generation_config.json'),
    );
  const { definition, settings } = renderGgufTokenizer(file);
  return new Map([
    ['tokenizer.json', json(definition)],
    ['tokenizer_config.json', json(settings)],
  ]);
}

/** The tokenizer of a GGUF file, as the files of a Hugging Face folder. */
export async function readGgufTokenizer(path: string): Promise<ModelFiles> {
  return readTokenizerFiles(await openGguf(path));
}

/** The small files of a Hugging Face folder, derived from a GGUF file. */
export async function readGgufFiles(path: string, own: ModelFamily | null): Promise<ModelFiles> {
  const file = await openGguf(path);
  return new Map([['config.json', json(renderGgufConfig(file, own))], ...readTokenizerFiles(file)]);
}

/**
 * Reads a GGUF file as a model folder, dequantised to f32.
 * @throws CONFIG_INVALID naming the unsupported feature, INPUT_MISSING, IO_FAILED.
 */
export async function loadGguf(
  path: string,
  own: ModelFamily | null,
): Promise<{ path: string; settings: ModelSettings; weights: Map<string, Tensor> }> {
  const file = await openGguf(path);
  const settings = parseModelConfig(renderGgufConfig(file, own), path, own);
  return {
    path,
    settings,
    weights: readWeights(path, settings, [renderGgufWeights(file, settings.config)]),
  };
}
