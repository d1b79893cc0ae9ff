import { halfTable, widenBfloat16, widenFloat16 } from '../half';

/** A GGML type: its elements and bytes per block. */
export interface BlockType {
  readonly name: string;
  readonly elements: number;
  readonly bytes: number;
  /** Converts whole blocks to f32. `blocks` starts at an even offset of its buffer. */
  widen(blocks: Uint8Array, target: Float32Array): void;
}

const halves = (bytes: Uint8Array): Uint16Array =>
  new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

const readHalf = (bytes: Uint8Array, at: number): number => halfTable()[bytes[at]! | (bytes[at + 1]! << 8)]!;

interface NibbleType {
  /** Bytes before the quantised values. */
  readonly header: number;
  readonly scale: (block: Uint8Array) => { zero: number; factor: number; offset: number };
}

/** A block has 32 4-bit integers after its header: the low nibbles of 16 bytes, then the high ones. */
function widenNibbles({ header, scale }: NibbleType, blocks: Uint8Array, target: Float32Array): void {
  for (let from = 0, to = 0; from < blocks.length; from += header + 16, to += 32) {
    const { zero, factor, offset } = scale(blocks.subarray(from, from + header));
    for (let at = 0; at < 16; at += 1) {
      const pair = blocks[from + header + at]!;
      target[to + at] = ((pair & 15) - zero) * factor + offset;
      target[to + at + 16] = ((pair >> 4) - zero) * factor + offset;
    }
  }
}

/** x = (q − 8) · d */
const centred = {
  header: 2,
  scale: (block: Uint8Array) => ({ zero: 8, factor: readHalf(block, 0), offset: -0 }),
};

/** x = q · d + m */
const shifted = {
  header: 4,
  scale: (block: Uint8Array) => ({ zero: 0, factor: readHalf(block, 0), offset: readHalf(block, 2) }),
};

/** x = q · d with q of 8 bits */
function widenBytes(blocks: Uint8Array, target: Float32Array): void {
  for (let from = 0, to = 0; from < blocks.length; from += 34, to += 32) {
    const factor = readHalf(blocks, from);
    for (let at = 0; at < 32; at += 1) target[to + at] = ((blocks[from + 2 + at]! << 24) >> 24) * factor;
  }
}

/** Supported types, by their number in ggml.h. */
export const blockTypes: Readonly<Record<number, BlockType>> = {
  0: {
    name: 'F32',
    elements: 1,
    bytes: 4,
    widen: (bytes, target) => new Uint8Array(target.buffer, target.byteOffset, bytes.length).set(bytes),
  },
  1: { name: 'F16', elements: 1, bytes: 2, widen: (bytes, target) => widenFloat16(halves(bytes), target) },
  2: { name: 'Q4_0', elements: 32, bytes: 18, widen: widenNibbles.bind(null, centred) },
  3: { name: 'Q4_1', elements: 32, bytes: 20, widen: widenNibbles.bind(null, shifted) },
  8: { name: 'Q8_0', elements: 32, bytes: 34, widen: widenBytes },
  30: { name: 'BF16', elements: 1, bytes: 2, widen: (bytes, target) => widenBfloat16(halves(bytes), target) },
};
