import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { embeddedModelPath } from '../../host/package-files';
import { loadModelFolder } from '../../trainer/io/model-folder';
import { encodeSafetensors } from '../../trainer/io/safetensors';
import { ggufSettings, ggufTensors } from './trainer/gguf-model';
import { encodeGguf } from './trainer/gguf-writer';

const small = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

function copyFiles(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) copyFileSync(join(embeddedModelPath, name), join(folder, name));
}

/** The embedded model as a GGUF file, its tokenizer next to it. */
export function writeGgufModel(folder: string, name = 'base.gguf'): string {
  copyFiles(folder, small.slice(1));
  const { settings, weights } = loadModelFolder(embeddedModelPath);
  const metadata = ggufSettings('llama', settings.config, 1024);
  const tensors = ggufTensors('llama', { config: settings.config, weights });
  writeFileSync(join(folder, name), encodeGguf(metadata, tensors));
  return join(folder, name);
}

/** The embedded model in a folder with other files too, like repositories of the hub. */
export function writeFullFolder(folder: string): string {
  copyFiles(folder, [...small, 'model.safetensors']);
  writeFileSync(join(folder, 'README.md'), '# A model\n');
  writeFileSync(join(folder, '.gitattributes'), '*.safetensors filter=lfs\n');
  copyFileSync(join(embeddedModelPath, 'model.safetensors'), join(folder, 'consolidated.safetensors'));
  mkdirSync(join(folder, 'onnx'));
  writeFileSync(join(folder, 'onnx', 'model.onnx'), 'the same weights for another program');
  return folder;
}

/** The embedded model's weights in two shards, as safetensors. */
function writeShards(folder: string): string[] {
  const weights = [...loadModelFolder(embeddedModelPath).weights];
  const halves = [weights.slice(0, 5), weights.slice(5)];
  const names = halves.map((_, at) => `model-0000${at + 1}-of-00002.safetensors`);
  const places = halves.flatMap((half, at) => half.map(([tensor]) => [tensor, names[at]] as const));
  const index = { metadata: {}, weight_map: Object.fromEntries(places) };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  for (const [at, half] of halves.entries())
    writeFileSync(join(folder, names[at]!), Buffer.concat([...encodeSafetensors(new Map(half))]));
  return ['model.safetensors.index.json', ...names];
}

/** The embedded model as in the hub's cache: a snapshot of links to blobs, with sharded weights. */
export function writeLinkedSnapshot(repository: string, commit = 'c0ffee'.padEnd(40, '0')): string {
  const [blobs, snapshot] = [join(repository, 'blobs'), join(repository, 'snapshots', commit)];
  copyFiles(blobs, small);
  mkdirSync(snapshot, { recursive: true });
  writeFileSync(join(blobs, 'README.md'), '# A model\n');
  for (const name of [...small, 'README.md', ...writeShards(blobs)])
    symlinkSync(relative(snapshot, join(blobs, name)), join(snapshot, name));
  return snapshot;
}
