import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readFileSync, statSync } from 'node:fs';
import { withoutByteOrderMark } from '../../core/byte-order-mark';
import { BudgetlineError, type FailureCode } from '../../core/failures';
import { flushPath, replaceFile, writePieces } from '../../host/whole-file';

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

/** Makes renames within a folder durable. */
export function syncFolder(path: string): void {
  attempt(path, 'write', () => flushPath(path));
}

/** Writes pieces to a new file and syncs it. */
export function writeSynced(path: string, pieces: Iterable<string | Uint8Array>): void {
  attempt(path, 'write', () => writePieces(path, pieces));
}

/** Replaces a file: after a crash it has the old content or the new one. */
export function writeAtomic(path: string, pieces: Iterable<string | Uint8Array>): void {
  attempt(path, 'write', () => replaceFile(path, pieces));
}
