import { createHash } from 'node:crypto';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { ledgerLine, type LedgerEntry, type LedgerLine } from '../schemas/ledger';
import { ensureDir, guardFiles, isMissing, syncPath, writeFileAtomic } from '../store';

/** `previous` of a chain's first line. */
const origin = '0'.repeat(64);
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

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Value of `previous` in the next line. */
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

function corrupt(path: string, lineNumber: number, what: string): BudgetlineError {
  return new BudgetlineError('LEDGER_CORRUPT', `${path}:${lineNumber}: ${what}.`, {
    details: { path, line: lineNumber },
  });
}

/** undefined if the bytes are not JSON; no schema accepts that as a line. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function parseLine(path: string, bytes: Buffer, lineNumber: number): LedgerLine {
  const parsed = ledgerLine.safeParse(parseJson(bytes));
  if (!parsed.success) throw corrupt(path, lineNumber, 'this is not a ledger line');
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
    throw new BudgetlineError('LEDGER_CORRUPT', `${path}: the last line is not a ledger line.`, {
      details: { path },
    });
  return parsed.data.sequence + 1;
}

/**
 * Cuts off a torn last line and records it in a new line. The file is replaced in one step, so a crash can neither lose
 * the torn bytes nor record them twice.
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
 * Appends one line to a hash chain and syncs it. Only one writer at a time: the holder of the stage's claim, or of the
 * experiment's lock.
 *
 * @returns the new head: the SHA-256 of the line
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
 * Reads every whole line of a ledger and verifies its chain. A missing file is an empty ledger; a torn last line is
 * skipped.
 *
 * @throws BudgetlineError LEDGER_CORRUPT with the file and the first line that does not follow from the one before it
 */
export async function readLedger(path: string): Promise<LedgerLine[]> {
  const bytes = await guardFiles(path, () => readBytes(path));
  const lines: LedgerLine[] = [];
  let before: Buffer | undefined;
  for (const raw of splitLines(bytes)) {
    const line = parseLine(path, raw, lines.length + 1);
    if (line.previous !== linkAfter(before))
      throw corrupt(path, lines.length + 1, 'the line does not have the SHA-256 of the line before it');
    if (line.sequence !== lines.length)
      throw corrupt(
        path,
        lines.length + 1,
        `the line has sequence ${line.sequence} instead of ${lines.length}`,
      );
    lines.push(line);
    before = raw;
  }
  return lines;
}

/** SHA-256 of a ledger's last whole line; null if there is none. */
export async function ledgerHead(path: string): Promise<string | null> {
  const { lastLine } = await guardFiles(path, () => readLastLine(path));
  return lastLine === undefined ? null : sha256(lastLine);
}
