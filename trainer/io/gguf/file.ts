import { BudgetlineError } from '../../../core/failures';
import { attempt, fileSizeBytes, withOpenFile } from '../files';
import { readPieces, type TensorFile } from '../tensor-file';
import { blockTypes, type BlockType } from './dequantise';

/** Limits on untrusted files, in addition to those of the header's parser. */
export const ggufLimits = {
  /** The largest open models have about ten thousand tensors. */
  tensors: 200_000,
  /** Weights of a decoder have at most two dimensions. */
  dimensions: 2,
  /** Limit of a Float32Array in every JavaScript engine. */
  elements: 2 ** 31 - 1,
} as const;

/** The used part of @huggingface/gguf, whose own declarations do not resolve under this project's module settings. */
interface Header {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensorInfos: readonly {
    readonly name: string;
    readonly shape: readonly bigint[];
    readonly dtype: number;
    readonly offset: bigint;
  }[];
  readonly tensorDataOffset: bigint;
  /** Names of tensor types, by their number in ggml.h. */
  readonly typeNames: Readonly<Record<number, string>>;
  readonly littleEndian: boolean;
}
interface GgufLibrary {
  readonly gguf: (path: string, options: { allowLocalFile: true }) => Promise<Omit<Header, 'typeNames'>>;
  readonly GGMLQuantizationType: Header['typeNames'];
}

interface Entry {
  readonly dims: readonly number[];
  readonly type: BlockType;
  readonly begin: number;
  readonly end: number;
}

/** A GGUF file: its metadata, and its tensors under llama.cpp's names. */
export interface GgufFile extends TensorFile {
  readonly metadata: Readonly<Record<string, unknown>>;
}

export function refuseGguf(path: string, what: string, details: Record<string, unknown> = {}): never {
  throw new BudgetlineError('CONFIG_INVALID', `${path} is not a usable GGUF file: ${what}.`, {
    remedy: 'Download the file again, or use the model’s safetensors files.',
    details: { path, ...details },
  });
}

async function parseHeader(path: string): Promise<Header> {
  // The parser accepts truncated files; `checkLayout` finds them by the file's size.
  attempt(path, 'read', () => fileSizeBytes(path));
  const { gguf, GGMLQuantizationType: typeNames } =
    (await import('@huggingface/gguf')) as unknown as GgufLibrary;
  try {
    return { ...(await gguf(path, { allowLocalFile: true })), typeNames };
  } catch (error) {
    return refuseGguf(path, (error as Error).message);
  }
}

function readType(
  path: string,
  { typeNames }: Header,
  { name, dtype }: Header['tensorInfos'][number],
): BlockType {
  const known = blockTypes[dtype];
  if (known !== undefined) return known;
  const readable = Object.values(blockTypes).map((type) => type.name);
  const type = typeNames[dtype] ?? `${dtype} of ggml.h`;
  return refuseGguf(path, `tensor "${name}" has the type ${type}; ${readable.join(', ')} are supported`, {
    tensor: name,
  });
}

function checkEntry(path: string, header: Header, info: Header['tensorInfos'][number]): Entry {
  const { name, shape, offset } = info;
  // GGUF lists the innermost dimension first.
  const dims = [...shape].reverse().map(Number);
  const elements = dims.reduce((product, size) => product * size, 1);
  if (name === '') refuseGguf(path, 'its header ends early');
  if (dims.length > ggufLimits.dimensions) refuseGguf(path, `tensor "${name}" has ${dims.length} dimensions`);
  if (elements > ggufLimits.elements) refuseGguf(path, `tensor "${name}" has ${elements} elements`);
  const type = readType(path, header, info);
  if ((dims.at(-1) ?? 1) % type.elements !== 0)
    refuseGguf(path, `tensor "${name}" has rows that are not whole ${type.name} blocks`);
  const begin = Number(header.tensorDataOffset + offset);
  return { dims, type, begin, end: begin + (elements / type.elements) * type.bytes };
}

/** Tensors must be inside the file and must not overlap. */
function checkLayout(path: string, entries: ReadonlyMap<string, Entry>): void {
  const fileBytes = fileSizeBytes(path);
  let next = 0;
  for (const [name, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin)) {
    if (begin < next) refuseGguf(path, `tensor "${name}" overlaps another`);
    if (end > fileBytes) refuseGguf(path, `tensor "${name}" ends at byte ${end}, the file at ${fileBytes}`);
    next = end;
  }
}

function readEntries(path: string, header: Header): Map<string, Entry> {
  if (!header.littleEndian) refuseGguf(path, 'it is big-endian');
  if (header.tensorInfos.length > ggufLimits.tensors)
    refuseGguf(path, `it lists ${header.tensorInfos.length} tensors`);
  const entries = new Map<string, Entry>();
  for (const info of header.tensorInfos) {
    if (entries.has(info.name)) refuseGguf(path, `it has two tensors "${info.name}"`);
    entries.set(info.name, checkEntry(path, header, info));
  }
  checkLayout(path, entries);
  return entries;
}

function readTensor(path: string, { dims, type, begin, end }: Entry) {
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
  withOpenFile(path, (descriptor) => {
    readPieces(descriptor, { begin, end }, (bytes, offset) => {
      const from = (offset / type.bytes) * type.elements;
      type.widen(bytes, data.subarray(from, from + (bytes.length / type.bytes) * type.elements));
    });
  });
  return { dims, data };
}

/**
 * Opens a GGUF file and checks its header. Tensors are converted to f32 on request.
 * @throws CONFIG_INVALID for a file that breaks the format or a limit; INPUT_MISSING, IO_FAILED.
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const header = await parseHeader(path);
  const entries = readEntries(path, header);
  return {
    path,
    metadata: header.metadata,
    shapes: new Map([...entries].map(([name, { dims }]) => [name, dims])),
    read: (name) => readTensor(path, entries.get(name) ?? refuseGguf(path, `it has no tensor "${name}"`)),
  };
}
