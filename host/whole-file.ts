import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { linkFile } from './durable-files';
import { errnoOf } from './fs-errors';

/**
 * Creates a file with all of its content at once. False if a file of that name exists. Of several processes
 * that try at once, exactly one succeeds.
 */
export function createExclusive(path: string, text: string): boolean {
  const partial = `${path}.${process.pid}.partial`;
  rmSync(partial, { force: true });
  try {
    // "wx" does not follow a link that another user may have created.
    writeFileSync(partial, text, { flag: 'wx' });
    linkFile(partial, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Flushes a file or folder to the disk. */
export function flushPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
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

/** Writes pieces to a new file and syncs it. */
export function writePieces(path: string, pieces: Iterable<string | Uint8Array>): void {
  const descriptor = openSync(path, 'w');
  try {
    for (const piece of pieces) writeAll(descriptor, piece);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces a file: after a crash it has the old content or the new one. */
export function replaceFile(path: string, pieces: Iterable<string | Uint8Array>): void {
  const partial = `${path}.${process.pid}.partial`;
  try {
    writePieces(partial, pieces);
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
  flushPath(dirname(path));
}
