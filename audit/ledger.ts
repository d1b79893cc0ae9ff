import { createHash } from 'node:crypto';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { ledgerLine, type LedgerEntry, type LedgerLine } from '../schemas/ledger';
import { ensureDir, guardFiles, isMissing, syncPath, writeFileAtomic } from '../store';

/** `previous` of a chain's first line. */
const origin = '0'.repeat(64);
const newline = 0x0a;
/** How much of a torn line is kept as text; its length is recorded whole. */
const tornTextLimit = 4096;

interface Tail {
  /** Size of the file up to and with its last newline. */
  readonly soundBytes: number;
  /** The last whole line without its newline; undefined in an empty file. */
  readonly lastLine: Buffer | undefined;
  /** What follows the last newline: a line whose writing was cut short. */
  readonly torn: Buffer;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Hash that the next line has to carry. */
function linkAfter(lastLine: Uint8Array | undefined): string {
  return lastLine === undefined ? origin : sha256(lastLine);
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

/** The end of a ledger, without reading the rest: two newlines, or the file's start, bound the last line. */
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

function corrupt(path: string, lineNumber: number, what: string): BudgetlineError {
  return new BudgetlineError('LEDGER_CORRUPT', `${path}:${lineNumber}: ${what}.`, {
    details: { path, line: lineNumber },
  });
}

/** undefined where the bytes are no JSON, which no schema takes for a line. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function parseLine(path: string, bytes: Buffer, lineNumber: number): LedgerLine {
  const parsed = ledgerLine.safeParse(parseJson(bytes));
  if (!parsed.success) throw corrupt(path, lineNumber, 'the line is no ledger line');
  return parsed.data;
}

function formLine(path: string, lastLine: Buffer | undefined, entry: LedgerEntry): Buffer {
  const sequence = lastLine === undefined ? 0 : nextSequence(path, lastLine);
  const link = { sequence, previous: linkAfter(lastLine), time: new Date().toISOString() };
  return Buffer.from(JSON.stringify(ledgerLine.parse({ ...link, ...entry })), 'utf8');
}

function nextSequence(path: string, lastLine: Buffer): number {
  const parsed = ledgerLine.safeParse(parseJson(lastLine));
  if (!parsed.success)
    throw new BudgetlineError('LEDGER_CORRUPT', `${path}: the last line is no ledger line.`, {
      details: { path },
    });
  return parsed.data.sequence + 1;
}

/**
 * Cuts a torn last line off and tells of it in a line of its own. The file is replaced in one step, so that a crash in
 * between neither loses the torn bytes untold nor tells of them twice.
 */
async function healTornLine(path: string, tail: Tail): Promise<Buffer> {
  const text = tail.torn.toString('utf8').slice(0, tornTextLimit);
  const line = formLine(path, tail.lastLine, { type: 'line-healed', bytes: tail.torn.length, text });
  const sound = (await readFile(path)).subarray(0, tail.soundBytes);
  await writeFileAtomic(path, Buffer.concat([sound, line, Buffer.of(newline)]));
  return line;
}

async function appendBytes(path: string, bytes: Uint8Array, fresh: boolean): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'a');
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle?.close();
  }
  if (fresh) await syncPath(dirname(path));
}

/**
 * Appends one line to a hash chain and syncs it; the file is made when it is missing. There may be one writer at a
 * time: the holder of a stage's claim, or of an experiment's lock. Gives the new head: the SHA-256 of the line.
 */
export async function appendLine(path: string, entry: LedgerEntry): Promise<string> {
  return guardFiles(path, async () => {
    await ensureDir(dirname(path));
    const tail = await readLastLine(path);
    const lastLine = tail.torn.length > 0 ? await healTornLine(path, tail) : tail.lastLine;
    const line = formLine(path, lastLine, entry);
    await appendBytes(path, Buffer.concat([line, Buffer.of(newline)]), lastLine === undefined);
    return sha256(line);
  });
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}

function* splitLines(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(newline, start);
    if (end < 0) return;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

/**
 * Every whole line of a ledger, its chain verified: LEDGER_CORRUPT names the file and the first line that does not
 * follow from the one before it. No file is an empty ledger. A torn last line, not yet healed, is left out.
 */
export async function readLedger(path: string): Promise<LedgerLine[]> {
  const bytes = await guardFiles(path, () => readBytes(path));
  const lines: LedgerLine[] = [];
  let before: Buffer | undefined;
  for (const raw of splitLines(bytes)) {
    const line = parseLine(path, raw, lines.length + 1);
    if (line.previous !== linkAfter(before))
      throw corrupt(path, lines.length + 1, 'the line does not carry the SHA-256 of the line before it');
    if (line.sequence !== lines.length)
      throw corrupt(
        path,
        lines.length + 1,
        `the line has sequence ${line.sequence} where ${lines.length} is next`,
      );
    lines.push(line);
    before = raw;
  }
  return lines;
}

/** SHA-256 of a ledger's last whole line; null where there is none. */
export async function ledgerHead(path: string): Promise<string | null> {
  const { lastLine } = await guardFiles(path, () => readLastLine(path));
  return lastLine === undefined ? null : sha256(lastLine);
}
