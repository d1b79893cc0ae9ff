import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BudgetlineError } from '../core/failures';
import { guardFiles, isMissing } from '../host/fs-errors';

/** A file of a payload, by its path relative to the folder, with forward slashes. */
export interface PayloadFile {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Hugging Face folders are one or two levels deep. A deeper one is a mistake or a loop of links. */
const maxDepth = 8;

/** SHA-256 of a file, hexadecimal, read in chunks. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await guardFiles(path, () => pipeline(createReadStream(path), hash)).catch((error: unknown) => {
    throw missingOr(error, path);
  });
  return hash.digest('hex');
}

function missingOr(error: unknown, path: string): unknown {
  const missing = error instanceof BudgetlineError && isMissing(error.cause);
  return missing ? new BudgetlineError('INPUT_MISSING', `There is no file or folder ${path}.`) : error;
}

/**
 * Paths of the regular files below a folder (links followed), sorted by bytes. Names that begin with a dot
 * are skipped.
 */
export async function listFiles(dir: string, prefix = '', depth = 0): Promise<string[]> {
  if (depth > maxDepth)
    throw new BudgetlineError('DATA_INVALID', `${dir} is nested more than ${maxDepth} deep.`);
  const names = (await readdir(join(dir, prefix))).filter((name) => !name.startsWith('.'));
  const nested = await Promise.all(
    names.map(async (name) => {
      const path = prefix === '' ? name : `${prefix}/${name}`;
      const info = await stat(join(dir, path));
      return info.isDirectory() ? listFiles(dir, path, depth + 1) : info.isFile() ? [path] : [];
    }),
  );
  return nested.flat().sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Size and SHA-256 of files, by their paths in a folder. */
export async function describeFiles(dir: string, paths: readonly string[]): Promise<PayloadFile[]> {
  const files: PayloadFile[] = [];
  for (const path of paths)
    files.push({
      path,
      bytes: (await stat(join(dir, path))).size,
      sha256: await digestFile(join(dir, path)),
    });
  return files;
}

/** Size and SHA-256 of every file below a folder that belongs to the payload. */
export async function describeFolder(
  dir: string,
  belongs: (path: string) => boolean,
): Promise<PayloadFile[]> {
  const paths = await guardFiles(dir, () => listFiles(dir)).catch((error: unknown) => {
    throw missingOr(error, dir);
  });
  return describeFiles(dir, paths.filter(belongs));
}

/** SHA-256 over the sorted "path NUL bytes NUL sha256 NL" of a payload, hexadecimal. */
export function payloadDigest(files: readonly PayloadFile[]): string {
  const lines = files.map((file) => `${file.path}\0${file.bytes}\0${file.sha256}\n`);
  return createHash('sha256').update(lines.sort().join(''), 'utf8').digest('hex');
}
