import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ownField } from '../core/names';
import { isGguf } from '../schemas/model-files';
import { listWeightFiles } from './model-files';

/** Size of a model, as far as its files say. */
export interface ModelSize {
  /** Number of weights. */
  readonly parameters?: number;
  /** Vocabulary size. */
  readonly vocabulary?: number;
  /** Rows plus columns of the layers' linear modules, summed over the layers, by module. */
  readonly linearSides?: Readonly<Record<string, number>>;
  /** Numbers that a generated token adds to the cache of keys and values, over all layers. */
  readonly cachedWidth?: number;
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

const countElements = (shapes: readonly NamedShape[]): number =>
  shapes.reduce((sum, [, shape]) => sum + shape.reduce((size, side) => size * side, 1), 0);

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

/** A tensor of a weight file; an entry without a shape is metadata. */
type NamedShape = readonly [name: string, shape: readonly number[]];

async function listShapes(folder: string): Promise<readonly NamedShape[] | undefined> {
  const files = await listWeightFiles(folder);
  if (files.length === 0) return undefined;
  const headers = await Promise.all(files.map((name) => readHeader(join(folder, name))));
  return headers.flatMap((header) =>
    Object.entries(header).flatMap(([name, { shape }]): NamedShape[] => (shape ? [[name, shape]] : [])),
  );
}

/** A matrix of a layer: "model.layers.0.self_attn.q_proj.weight". */
const layerMatrix = /\.\d+\.(?:\w+\.)*?(\w+)\.weight$/;

/** Linear modules by their names in GGUF files. */
const ggufModules: Readonly<Record<string, string>> = {
  attn_q: 'q_proj',
  attn_k: 'k_proj',
  attn_v: 'v_proj',
  attn_output: 'o_proj',
  ffn_gate: 'gate_proj',
  ffn_up: 'up_proj',
  ffn_down: 'down_proj',
};

/** Sizes of the layers' linear modules, whose shapes are [out, in]. */
function measureLinear(shapes: readonly NamedShape[]): Pick<ModelSize, 'linearSides' | 'cachedWidth'> {
  const sides: Record<string, number> = {};
  let cachedWidth = 0;
  for (const [name, [out = 0, ...rest]] of shapes) {
    const [, found] = layerMatrix.exec(name) ?? [];
    if (found === undefined || rest.length !== 1) continue;
    const module = ownField(ggufModules, found) ?? found;
    sides[module] = (ownField(sides, module) ?? 0) + out + rest[0]!;
    if (module === 'k_proj' || module === 'v_proj') cachedWidth += out;
  }
  return {
    linearSides: Object.keys(sides).length === 0 ? undefined : sides,
    cachedWidth: cachedWidth === 0 ? undefined : cachedWidth,
  };
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
  const shapes = tensorInfos.map(({ name, shape }): NamedShape => [name, shape.map(Number).reverse()]);
  const vocabulary = shapes.find(([name]) => name === 'token_embd.weight')?.[1][0];
  return { parameters: countElements(shapes), vocabulary, ...measureLinear(shapes) };
}

/** Size of a model folder or GGUF file, from weight headers and config.json. */
export async function readModelSize(path: string): Promise<ModelSize> {
  if (isGguf(path)) return (await ifReadable(readGgufSize(path))) ?? {};
  const [shapes, config] = await Promise.all([ifReadable(listShapes(path)), ifReadable(readConfig(path))]);
  return {
    parameters: shapes && countElements(shapes),
    vocabulary: config?.vocab_size,
    ...(shapes && measureLinear(shapes)),
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
