import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isGguf } from '../schemas/model-files';
import { listWeightFiles } from './model-files';

/** Size of a model, as far as its files say. */
export interface ModelSize {
  /** Number of weights. */
  readonly parameters?: number;
  /** Vocabulary size. */
  readonly vocabulary?: number;
}

/** Maximum size of a header in the safetensors format (0.4). */
const maxHeaderBytes = 100_000_000;

const tensorHeader = z.record(
  z.string(),
  z.looseObject({ shape: z.array(z.int().nonnegative()).optional() }),
);
const count = z.int().positive();
/** Names of the longest sequence in config.json, which depend on the family. */
const positionFields = ['max_position_embeddings', 'n_positions', 'max_seq_len', 'seq_length'] as const;
const positions = z.object(Object.fromEntries(positionFields.map((name) => [name, count.nullish()])));
const modelConfig = z.looseObject({ vocab_size: count });

/**
 * The used part of @huggingface/gguf: its own declarations do not resolve with this project's module
 * settings.
 */
interface GgufHeader {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensorInfos: readonly { readonly name: string; readonly shape: readonly bigint[] }[];
}
interface GgufLibrary {
  readonly gguf: (path: string, options: { allowLocalFile: true }) => Promise<GgufHeader>;
}

/** Undefined if it cannot be read. Loading the model reports what is wrong. */
const ifReadable = <T>(reading: Promise<T>): Promise<T | undefined> => reading.catch(() => undefined);

const elementsIn = (shapes: readonly (readonly number[])[]): number =>
  shapes.reduce((sum, shape) => sum + shape.reduce((size, side) => size * side, 1), 0);

async function readHeader(path: string): Promise<z.infer<typeof tensorHeader>> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(8);
    await file.read(length, 0, 8, 0);
    const size = Number(length.readBigUInt64LE());
    if (size > maxHeaderBytes) throw new RangeError(`${path} does not begin with a header`);
    const header = Buffer.alloc(size);
    await file.read(header, 0, size, 8);
    return tensorHeader.parse(JSON.parse(header.toString('utf8')));
  } finally {
    await file.close();
  }
}

async function countIn(path: string): Promise<number> {
  // The entry "__metadata__" has no shape.
  const tensors = Object.values(await readHeader(path));
  return elementsIn(tensors.flatMap(({ shape }) => (shape === undefined ? [] : [shape])));
}

async function countParameters(folder: string): Promise<number | undefined> {
  const files = await listWeightFiles(folder);
  if (files.length === 0) return undefined;
  const counts = await Promise.all(files.map((name) => countIn(join(folder, name))));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** A matrix of a layer: "model.layers.0.self_attn.q_proj.weight". */
const layerMatrix = /\.\d+\.(?:\w+\.)*?(\w+)\.weight$/;

async function listLinearModules(folder: string): Promise<string[]> {
  const headers = await Promise.all(
    (await listWeightFiles(folder)).map((name) => readHeader(join(folder, name))),
  );
  const matrices = headers.flatMap((header) =>
    Object.entries(header).flatMap(([name, { shape }]) =>
      shape?.length === 2 ? (layerMatrix.exec(name)?.[1] ?? []) : [],
    ),
  );
  return [...new Set(matrices)];
}

/** Names of the linear modules of a model's layers; undefined for GGUF files, which have names of their own. */
export async function readLinearModules(path: string): Promise<readonly string[] | undefined> {
  return isGguf(path) ? undefined : ifReadable(listLinearModules(path));
}

async function readConfig(folder: string): Promise<z.infer<typeof modelConfig>> {
  return modelConfig.parse(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
}

async function readGguf(path: string): Promise<GgufHeader> {
  const { gguf } = (await import('@huggingface/gguf')) as unknown as GgufLibrary;
  return gguf(path, { allowLocalFile: true });
}

async function readGgufSize(path: string): Promise<ModelSize> {
  const { tensorInfos } = await readGguf(path);
  // The innermost dimension comes first.
  const vocabulary = tensorInfos.find(({ name }) => name === 'token_embd.weight')?.shape.at(-1);
  return {
    parameters: elementsIn(tensorInfos.map(({ shape }) => shape.map(Number))),
    vocabulary: vocabulary === undefined ? undefined : Number(vocabulary),
  };
}

/** Size of a model folder or GGUF file, from weight headers and config.json. */
export async function readModelSize(path: string): Promise<ModelSize> {
  if (isGguf(path)) return (await ifReadable(readGgufSize(path))) ?? {};
  const [parameters, config] = await Promise.all([
    ifReadable(countParameters(path)),
    ifReadable(readConfig(path)),
  ]);
  return {
    parameters,
    vocabulary: config?.vocab_size,
  };
}

async function readGgufPositions(path: string): Promise<number | undefined> {
  const { metadata } = await readGguf(path);
  const positions = metadata[`${String(metadata['general.architecture'])}.context_length`];
  return typeof positions === 'number' ? positions : undefined;
}

/** The longest sequence that the model supports; undefined if its files do not say. */
export function readModelPositions(path: string): Promise<number | undefined> {
  if (isGguf(path)) return ifReadable(readGgufPositions(path));
  return ifReadable(
    readConfig(path).then((config) => {
      const found = positions.parse(config);
      return positionFields.map((name) => found[name]).find((value) => typeof value === 'number');
    }),
  );
}
