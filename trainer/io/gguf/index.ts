import { dirname } from 'node:path';
import type { Tensor } from '../../engine/types';
import { parseModelConfig, type ModelSettings } from '../model-config';
import { readFolderFiles, type ModelFiles } from '../model-files';
import { readWeights } from '../weights';
import { renderGgufConfig } from './config';
import { openGguf, type GgufFile } from './file';
import { renderGgufTokenizer } from './tokenizer';
import { renderGgufWeights } from './weights';

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

/** The small files of a Hugging Face folder, derived from a GGUF file. */
export async function readGgufFiles(path: string): Promise<ModelFiles> {
  const file = await openGguf(path);
  return new Map([['config.json', json(renderGgufConfig(file))], ...readTokenizerFiles(file)]);
}

/**
 * Reads a GGUF file as a model folder, dequantised to f32.
 * @throws CONFIG_INVALID naming the unsupported feature, INPUT_MISSING, IO_FAILED.
 */
export async function loadGguf(
  path: string,
): Promise<{ path: string; settings: ModelSettings; weights: Map<string, Tensor> }> {
  const file = await openGguf(path);
  const settings = parseModelConfig(renderGgufConfig(file), path);
  return {
    path,
    settings,
    weights: readWeights(path, settings, [renderGgufWeights(file, settings.config)]),
  };
}
