import { Buffer } from 'node:buffer';

/** A tensor as a GGUF file has it: innermost dimension first, bytes as they are. */
export interface RawTensor {
  readonly shape: readonly number[];
  readonly type: number;
  readonly bytes: Uint8Array;
  /** In place of the offset that follows from the tensors before. */
  readonly offset?: number;
}

type MetadataValue = string | number | boolean | readonly string[] | readonly number[];

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

const f32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};

const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

/** Types of values in gguf.h: u32 4, f32 6, bool 7, string 8, array 9. */
function encodeValue(value: MetadataValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([u32(8), text(value)]);
  if (typeof value === 'boolean') return Buffer.concat([u32(7), Buffer.of(value ? 1 : 0)]);
  if (typeof value === 'number')
    return Number.isInteger(value)
      ? Buffer.concat([u32(4), u32(value)])
      : Buffer.concat([u32(6), f32(value)]);
  const items = value.map((item) => (typeof item === 'string' ? text(item) : u32(item)));
  return Buffer.concat([u32(9), u32(typeof value[0] === 'string' ? 8 : 4), u64(value.length), ...items]);
}

const pad = (size: number): number => Math.ceil(size / 32) * 32;

/** The bytes of a GGUF file of version 3. */
export function encodeGguf(
  metadata: Readonly<Record<string, MetadataValue>>,
  tensors: ReadonlyMap<string, RawTensor>,
): Buffer {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.size), u64(Object.keys(metadata).length)];
  for (const [key, value] of Object.entries(metadata)) parts.push(text(key), encodeValue(value));
  let next = 0;
  for (const [name, { shape, type, bytes, offset }] of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset ?? next));
    next += pad(bytes.length);
  }
  const header = Buffer.concat(parts);
  const data = [...tensors.values()].flatMap(({ bytes }) => [
    bytes,
    Buffer.alloc(pad(bytes.length) - bytes.length),
  ]);
  return Buffer.concat([header, Buffer.alloc(pad(header.length) - header.length), ...data]);
}
