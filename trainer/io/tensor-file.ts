import { readSync } from 'node:fs';
import type { Tensor } from '../tensor';

/** A weight file whose tensors are read one at a time, to save memory. */
export interface TensorFile {
  readonly path: string;
  /** Dimensions by name, outermost first. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The tensor, converted to f32. */
  read(name: string): Tensor;
}

/** libuv rejects reads of more than 2^31 − 1 bytes. */
const maxReadBytes = 1 << 30;

export function readExactly(descriptor: number, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length;) {
    const wanted = Math.min(target.length - done, maxReadBytes);
    const count = readSync(descriptor, target, done, wanted, position + done);
    if (count === 0) throw Object.assign(new Error('the file ended early'), { code: 'EOF' });
    done += count;
  }
}

/** A multiple of the size of every element and quantised block: 2, 4, 18, 20 and 34 bytes. */
const pieceBytes = 6120 * 512;

/** Reads a byte range of a file through one small buffer; calls `take` with each piece and its offset in the range. */
export function readPieces(
  descriptor: number,
  { begin, end }: { begin: number; end: number },
  take: (bytes: Uint8Array, offset: number) => void,
): void {
  const buffer = new Uint8Array(Math.min(pieceBytes, end - begin));
  for (let offset = 0; offset < end - begin; offset += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, end - begin - offset));
    readExactly(descriptor, piece, begin + offset);
    take(piece, offset);
  }
}
