import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { BudgetlineError } from '../../core/failures';
import { maxLineLength } from '../../schemas/json-lines';
import { readBytes, signatureOf } from './bytes';

/** A line of a file, from 1, or why it cannot be read. */
export type ReadLine =
  { readonly line: number; readonly text: string } | { readonly line: number; readonly unreadable: string };

/** Byte-order marks and their encodings. */
const marks = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const;

async function* decodeUtf16(
  path: string,
  pieces: AsyncIterable<Buffer>,
  encoding: string,
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const piece of pieces) yield Buffer.from(decoder.decode(piece, { stream: true }));
    yield Buffer.from(decoder.decode());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new BudgetlineError('DATA_INVALID', `${path} is not valid ${encoding.toUpperCase()}.`, {
      remedy: 'Save it as UTF-8.',
      cause: error,
    });
  }
}

/** The bytes of a file without its byte-order mark; a mark of UTF-16 turns them into UTF-8. */
export async function* utf8Bytes(path: string): AsyncGenerator<Buffer> {
  const pieces = readBytes(path);
  let first = Buffer.alloc(0);
  // A decompressed piece may hold a single byte.
  while (first.length < 3) {
    const next = await pieces.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  const mark = signatureOf(first, marks);
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield first.subarray(mark?.bytes.length ?? 0);
    yield* pieces;
  };
  if (mark === undefined || mark.encoding === 'utf-8') yield* rest();
  else yield* decodeUtf16(path, rest(), mark.encoding);
}

const [newline, carriageReturn] = [0x0a, 0x0d];

/** Splits bytes into lines, which end in LF, CR LF or CR. Holds one line, up to the longest allowed. */
class ByteLines {
  #rest: Buffer[] = [];
  #length = 0;
  /** A CR ended the last piece: an LF that follows belongs to it. */
  #afterReturn = false;
  #line = 0;

  /** The lines that a piece completes. */
  push(piece: Buffer): readonly ReadLine[] {
    const bytes = this.#afterReturn && piece[0] === newline ? piece.subarray(1) : piece;
    const end = Math.max(bytes.lastIndexOf(newline), bytes.lastIndexOf(carriageReturn));
    if (piece.length > 0) this.#afterReturn = bytes.length > 0 && bytes[bytes.length - 1] === carriageReturn;
    const isPair = end > 0 && bytes[end] === newline && bytes[end - 1] === carriageReturn;
    const lines = end < 0 ? [] : this.#split(bytes.subarray(0, isPair ? end - 1 : end));
    this.#keep(bytes.subarray(end + 1));
    return lines;
  }

  end(): readonly ReadLine[] {
    return this.#length > 0 ? [this.#end(Buffer.alloc(0))] : [];
  }

  /** Decodes all lines at once, or, where one of them cannot be read, each by itself. */
  #split(bytes: Buffer): readonly ReadLine[] {
    const all = this.#length === 0 ? bytes : Buffer.concat([...this.#rest, bytes]);
    if (this.#isTooLong || all.length > maxLineLength || !isUtf8(all)) return [...this.#each(bytes)];
    this.#reset();
    const text = all.toString('utf8');
    const texts = text.split(text.includes('\r') ? /\r\n|\n|\r/ : '\n');
    const first = this.#line + 1;
    this.#line += texts.length;
    return texts.map((each, at) => ({ line: first + at, text: each }));
  }

  *#each(bytes: Buffer): Generator<ReadLine> {
    let from = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      if (bytes[at] !== newline && bytes[at] !== carriageReturn) continue;
      yield this.#end(bytes.subarray(from, at));
      if (bytes[at] === carriageReturn && bytes[at + 1] === newline) at += 1;
      from = at + 1;
    }
    yield this.#end(bytes.subarray(from));
  }

  get #isTooLong(): boolean {
    return this.#length > maxLineLength;
  }

  #keep(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#isTooLong) this.#rest = [];
    else if (bytes.length > 0) this.#rest.push(bytes);
  }

  #end(bytes: Buffer): ReadLine {
    this.#keep(bytes);
    this.#line += 1;
    const read = this.#read(this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest));
    this.#reset();
    return { line: this.#line, ...read };
  }

  #reset(): void {
    this.#rest = [];
    this.#length = 0;
  }

  #read(bytes: Buffer): { readonly text: string } | { readonly unreadable: string } {
    if (this.#isTooLong) return { unreadable: `has more than ${maxLineLength / 2 ** 20} MiB` };
    if (isUtf8(bytes)) return { text: bytes.toString('utf8') };
    return { unreadable: `is not UTF-8, ${describeByte(bytes)}: save the file as UTF-8` };
  }
}

/** The first byte that is not UTF-8, with its column. */
function describeByte(bytes: Buffer): string {
  let valid = 0;
  for (let step = bytes.length; step >= 1; step = Math.floor(step / 2))
    while (valid + step <= bytes.length && startsWell(bytes.subarray(0, valid + step))) valid += step;
  // A character that is begun and not finished is wrong from its first byte.
  while (!isUtf8(bytes.subarray(0, valid))) valid -= 1;
  const byte = (bytes[valid] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return `the byte 0x${byte} in column ${bytes.toString('utf8', 0, valid).length + 1}`;
}

/** Whether bytes are the beginning of UTF-8: a character may be cut at their end. */
function startsWell(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * The lines of a text file, in order, a few at a time, also of a gzipped one. UTF-8, or UTF-16 with a byte-order mark. A
 * line of other bytes or of more than 16 MiB has a reason in place of its text.
 */
export async function* readLines(path: string): AsyncGenerator<readonly ReadLine[]> {
  const lines = new ByteLines();
  for await (const piece of utf8Bytes(path)) yield lines.push(piece);
  yield lines.end();
}
