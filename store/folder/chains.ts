import { open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nextLine } from '../chain';
import type { ChainRules } from '../define';
import { ensureDir, syncPath, writeFileAtomic } from '../../host/durable-files';
import { guardFiles, isMissing } from '../../host/fs-errors';

const newline = 0x0a;
/** Characters of a torn line that are kept; its full length is recorded. */
const tornTextLimit = 4096;

interface Tail {
  /** Size of the file up to and including its last newline. */
  readonly soundBytes: number;
  /** The last whole line without its newline; undefined in an empty file. */
  readonly lastLine: Buffer | undefined;
  /** Bytes after the last newline: a line that a crash cut short. */
  readonly torn: Buffer;
}

async function readTail(path: string, from: number, size: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(size - from);
    await handle.read(buffer, 0, buffer.length, from);
    return buffer;
  } finally {
    await handle.close();
  }
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

/** Reads the end of a ledger only. The last line is between two newlines, or the file's start and a newline. */
async function readLastLine(path: string): Promise<Tail> {
  const size = await fileSize(path);
  for (let span = 16_384; ; span *= 4) {
    const from = Math.max(0, size - span);
    const tail = size === 0 ? Buffer.alloc(0) : await readTail(path, from, size);
    const end = tail.lastIndexOf(newline);
    const start = end <= 0 ? -1 : tail.lastIndexOf(newline, end - 1);
    if (from > 0 && (end < 0 || start < 0)) continue;
    const lastLine = end < 0 ? undefined : tail.subarray(start + 1, end);
    return { soundBytes: from + end + 1, lastLine, torn: tail.subarray(end + 1) };
  }
}

/**
 * Cuts off a torn last line and records it in a new line. The file is replaced in one step, so a crash can neither lose
 * the torn bytes nor record them twice.
 */
async function healTornLine(path: string, tail: Tail): Promise<Buffer> {
  const text = tail.torn.toString('utf8').slice(0, tornTextLimit);
  const line = nextLine(path, tail.lastLine, { type: 'line-healed', bytes: tail.torn.length, text });
  const sound = (await readFile(path)).subarray(0, tail.soundBytes);
  await writeFileAtomic(path, Buffer.concat([sound, line, Buffer.of(newline)]));
  return line;
}

async function appendBytes(path: string, bytes: Uint8Array, fresh: boolean): Promise<void> {
  const handle = await open(path, 'a');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (fresh) await syncPath(dirname(path));
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(newline, start);
    if (end < 0) break;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** A chain as a file, one line each. A missing file is an empty chain; readers skip a torn last line. */
export function fileChain(path: string): ChainRules {
  return {
    lines: async () => splitLines(await guardFiles(path, () => readBytes(path))),
    last: async () => (await guardFiles(path, () => readLastLine(path))).lastLine,
    append: (next, fence) =>
      guardFiles(path, async () => {
        await ensureDir(dirname(path));
        await fence.check();
        const tail = await readLastLine(path);
        const last = tail.torn.length > 0 ? await healTornLine(path, tail) : tail.lastLine;
        await appendBytes(path, Buffer.concat([next(last), Buffer.of(newline)]), last === undefined);
      }),
  };
}
