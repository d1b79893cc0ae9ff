import { fstatSync } from 'node:fs';
import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import type { Tensor } from '../tensor';
import { withOpenFile } from './files';
import { widenBfloat16, widenFloat16 } from './half';
import { readExactly, readPieces, type TensorFile } from './tensor-file';

/** Limits on untrusted files. */
export const safetensorsLimits = {
  /** The limit of the reference implementation; a header has a few hundred bytes per tensor. */
  headerBytes: 100_000_000,
  /** The largest open models have about ten thousand tensors. */
  tensors: 200_000,
  /** Weights of a decoder have at most two dimensions. */
  dimensions: 8,
  /** Limit of a Float32Array in every JavaScript engine. */
  elements: 2 ** 31 - 1,
} as const;

const elementBytes = { F32: 4, F16: 2, BF16: 2 } as const;
type Dtype = keyof typeof elementBytes;

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()).max(safetensorsLimits.dimensions),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Content of a safetensors file. */
export interface Safetensors {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SafetensorsFile extends TensorFile {
  readonly metadata: Readonly<Record<string, string>>;
}

function refuse(path: string, what: string, remedy = 'Download or write the file again.'): never {
  throw new BudgetlineError('CONFIG_INVALID', `${path} is not a usable safetensors file: ${what}.`, {
    remedy,
    details: { path },
  });
}

function checkEntry(path: string, name: string, value: unknown): Entry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) refuse(path, `the header's entry "${name}" is malformed`);
  const { dtype, shape, data_offsets } = parsed.data;
  if (!Object.hasOwn(elementBytes, dtype))
    refuse(
      path,
      `tensor "${name}" has dtype ${dtype}; F32, F16 and BF16 are supported`,
      'Use weights of one of these types.',
    );
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements > safetensorsLimits.elements) refuse(path, `tensor "${name}" has ${elements} elements`);
  const [begin, end] = data_offsets;
  if (end - begin !== elements * elementBytes[dtype as Dtype])
    refuse(path, `tensor "${name}" has offsets that do not fit its shape`);
  return { name, dtype: dtype as Dtype, dims: shape, begin, end };
}

/** Tensors must be contiguous, without gap or overlap, as the format requires. */
function checkLayout(path: string, entries: readonly Entry[], dataBytes: number): void {
  let next = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== next) refuse(path, `tensor "${name}" leaves a gap or overlaps another`);
    next = end;
  }
  if (next !== dataBytes) refuse(path, `the header describes ${next} data bytes, the file has ${dataBytes}`);
}

function parseHeader(path: string, text: string): { entries: Entry[]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    refuse(path, 'the header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    refuse(path, 'the header is not an object');
  const { __metadata__: rawMetadata, ...rest } = header as Record<string, unknown>;
  const metadata = z.record(z.string(), z.string()).safeParse(rawMetadata ?? {});
  if (!metadata.success) refuse(path, 'its metadata is not a map of strings');
  const names = Object.keys(rest);
  if (names.length > safetensorsLimits.tensors) refuse(path, `it lists ${names.length} tensors`);
  return { entries: names.map((name) => checkEntry(path, name, rest[name])), metadata: metadata.data };
}

/** First bytes of a Git LFS pointer, which replaces a large file in a clone without Git LFS. */
const pointerStart = 'version ';

function readHeader(
  path: string,
  descriptor: number,
): { entries: Entry[]; metadata: Record<string, string>; dataStart: number } {
  const fileBytes = fstatSync(descriptor).size;
  if (fileBytes < 8) refuse(path, 'it is shorter than its own header');
  const prefix = new Uint8Array(8);
  readExactly(descriptor, prefix, 0);
  if (Buffer.from(prefix).toString('latin1') === pointerStart)
    refuse(path, 'it is a Git LFS pointer', 'Download the real file with "git lfs pull".');
  const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (headerBytes > Math.min(safetensorsLimits.headerBytes, fileBytes - 8))
    refuse(path, `its header claims ${headerBytes} bytes`);
  const header = new Uint8Array(headerBytes);
  readExactly(descriptor, header, 8);
  const { entries, metadata } = parseHeader(path, new TextDecoder().decode(header));
  const dataStart = 8 + headerBytes;
  checkLayout(path, entries, fileBytes - dataStart);
  return { entries, metadata, dataStart };
}

function readTensor(descriptor: number, entry: Entry, dataStart: number): Tensor {
  const { dims, dtype, begin, end } = entry;
  const data = new Float32Array((end - begin) / elementBytes[dtype]);
  if (dtype === 'F32') {
    readExactly(descriptor, new Uint8Array(data.buffer), dataStart + begin);
    return { dims, data };
  }
  const widen = dtype === 'F16' ? widenFloat16 : widenBfloat16;
  readPieces(descriptor, { begin: dataStart + begin, end: dataStart + end }, (bytes, offset) =>
    widen(new Uint16Array(bytes.buffer, 0, bytes.length / 2), data.subarray(offset / 2)),
  );
  return { dims, data };
}

/**
 * Opens a safetensors file and checks its header. Tensors are read as f32 on request.
 * @throws CONFIG_INVALID for a file that breaks the format or a limit; INPUT_MISSING, IO_FAILED.
 */
export function openSafetensors(path: string): SafetensorsFile {
  const { entries, metadata, dataStart } = withOpenFile(path, (descriptor) => readHeader(path, descriptor));
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    path,
    metadata,
    shapes: new Map(entries.map(({ name, dims }) => [name, dims])),
    read(name) {
      const entry = byName.get(name) ?? refuse(path, `it has no tensor "${name}"`);
      return withOpenFile(path, (descriptor) => readTensor(descriptor, entry, dataStart));
    },
  };
}

/** Reads every tensor of a safetensors file as f32. @throws as `openSafetensors`. */
export function readSafetensors(path: string): Safetensors {
  const file = openSafetensors(path);
  const tensors = new Map([...file.shapes.keys()].map((name) => [name, file.read(name)]));
  return { tensors, metadata: file.metadata };
}

const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The bytes of a safetensors file of f32 tensors: sorted by name, contiguous, the header padded with spaces to a multiple of
 * eight. Equal tensors and metadata make equal bytes.
 */
export function* encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Generator<Uint8Array> {
  const names = [...tensors.keys()].sort(compareNames);
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const name of names) {
    const { dims, data } = tensors.get(name) as Tensor;
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, 0x20);
  text.copy(padded);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  yield prefix;
  yield padded;
  for (const name of names) {
    const { data } = tensors.get(name) as Tensor;
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}
