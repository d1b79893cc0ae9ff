import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { withoutByteOrderMark } from '../../contracts/byte-order-mark';
import { BudgetlineError, type FailureCode } from '../../contracts/failures';

const codesOfErrno: Readonly<Record<string, FailureCode>> = {
  ENOENT: 'INPUT_MISSING',
  ENOTDIR: 'INPUT_MISSING',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
};

/** A file-system error as a failure that names the path. */
export function fileFailure(error: unknown, path: string, doing: 'read' | 'write'): BudgetlineError {
  if (error instanceof BudgetlineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const failure = (code === undefined ? undefined : codesOfErrno[code]) ?? 'IO_FAILED';
  // A missing path is an input only when reading.
  const named = doing === 'write' && failure === 'INPUT_MISSING' ? 'IO_FAILED' : failure;
  return new BudgetlineError(named, `Cannot ${doing} ${path}: ${message}.`, {
    details: { path, errno: code ?? null },
    cause: error,
  });
}

const isSystemError = (error: unknown): boolean =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';

/**
 * Runs file-system work. @throws INPUT_MISSING, DISK_FULL or IO_FAILED for system errors; other errors, such as a failed
 * allocation, as they are.
 */
export function attempt<T>(path: string, doing: 'read' | 'write', work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isSystemError(error) ? fileFailure(error, path, doing) : error;
  }
}

export function readText(path: string): string {
  return attempt(path, 'read', () => readFileSync(path, 'utf8'));
}

/** Opens a file for reading, and closes it after the work. */
export function withOpenFile<T>(path: string, work: (descriptor: number) => T): T {
  return attempt(path, 'read', () => {
    const descriptor = openSync(path, 'r');
    try {
      return work(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Reads a JSON file. @throws `code` if it is not JSON */
export function readJson(path: string, code: FailureCode = 'CONFIG_INVALID'): unknown {
  const text = readText(path);
  try {
    return JSON.parse(withoutByteOrderMark(text));
  } catch (error) {
    throw new BudgetlineError(code, `${path} is not JSON: ${(error as Error).message}.`, {
      details: { path },
      cause: error,
    });
  }
}

/** SHA-256 of a file in hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(piece as Buffer);
  } catch (error) {
    throw fileFailure(error, path, 'read');
  }
  return hash.digest('hex');
}

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

export function fileSizeBytes(path: string): number {
  return attempt(path, 'read', () => statSync(path).size);
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes renames within a folder durable. */
export function syncFolder(path: string): void {
  attempt(path, 'write', () => syncPath(path));
}

/** Writes pieces to a new file and syncs it. */
export function writeSynced(path: string, pieces: Iterable<string | Uint8Array>): void {
  attempt(path, 'write', () => {
    const descriptor = openSync(path, 'w');
    try {
      for (const piece of pieces) writeAll(descriptor, piece);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

/**
 * Writes the whole piece, at `position` or at the file's current one. In a loop, since a nearly full disk accepts a part
 * without an error.
 */
export function writeAll(
  descriptor: number,
  piece: string | Uint8Array,
  position: number | null = null,
): void {
  const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
  for (let done = 0; done < bytes.length;)
    done += writeSync(
      descriptor,
      bytes,
      done,
      bytes.length - done,
      position === null ? null : position + done,
    );
}

/** Writes a file under a temporary name in the same folder, then renames it. */
export function writeAtomic(path: string, pieces: Iterable<string | Uint8Array>): void {
  const partial = `${path}.partial`;
  try {
    writeSynced(partial, pieces);
    attempt(path, 'write', () => renameSync(partial, path));
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}
