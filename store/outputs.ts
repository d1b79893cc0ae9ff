import { createHash } from 'node:crypto';
import { existsSync, lstatSync } from 'node:fs';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { outputMark } from '../contracts/output-mark';
import { digestFile } from './digest';
import { siblingName, ensureDir, syncPath, writeSynced } from './durable-files';
import { errnoOf, guardFiles } from './fs-errors';

/** How files are written that a user named. */
export interface OutputOptions {
  /** Replaces a file that is there; a folder never. */
  readonly force?: boolean | undefined;
  /** Whether a file that begins so, a byte a character, is one of this kind, which may be replaced. */
  readonly isOurs?: (head: string) => boolean;
}

const headLength = 1024;

/** Pages and pictures of ours have the mark at their beginning. */
const isMarked = (head: string): boolean => head.includes(outputMark);

const existing = (path: string, what: string, remedy: string): BudgetlineError =>
  new BudgetlineError('OUTPUT_EXISTS', `${path} is there already${what}.`, { remedy, details: { path } });

const otherFile = (path: string): BudgetlineError =>
  existing(path, ', with other content', 'Name another file, or add --force to replace this one.');

const takenFolder = (path: string): BudgetlineError => existing(path, '', 'Name a new folder.');

/** Takes a name that nothing has; false where something has it. */
async function takeName(take: () => Promise<unknown>): Promise<boolean> {
  try {
    await take();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** How a file begins; of a bitmap the drawing of its name, which says whose it is. */
async function readHead(path: string): Promise<string> {
  const file = await open(path.replace(/\.png$/, '.svg'), 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headLength), 0, headLength, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** @throws BudgetlineError OUTPUT_EXISTS where something is there that may not be replaced */
async function assertReplaceable(
  path: string,
  digest: string,
  { force = false, isOurs = isMarked }: OutputOptions,
): Promise<void> {
  // Not through a link, into a pipe or over a device.
  if (!(await lstat(path)).isFile()) throw existing(path, ', and no plain file', 'Name another file.');
  if (force || isOurs(await readHead(path)) || (await digestFile(path)) === digest) return;
  throw otherFile(path);
}

async function placeFile(partial: string, path: string, options: OutputOptions): Promise<void> {
  const isFree = await takeName(async () => (await open(path, 'wx')).close());
  if (!isFree) await assertReplaceable(path, await digestFile(partial), options);
  await rename(partial, path);
}

async function placeFolder(partial: string, path: string): Promise<void> {
  if (!(await takeName(() => mkdir(path)))) throw takenFolder(path);
  await rename(partial, path);
}

async function write<T>(
  path: string,
  make: (partial: string) => Promise<T>,
  place: (partial: string) => Promise<void>,
): Promise<T> {
  const partial = siblingName(path);
  await ensureDir(dirname(path));
  return guardFiles(path, async () => {
    try {
      const made = await make(partial);
      await place(partial);
      await syncPath(dirname(path));
      return made;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
}

/**
 * Writes a file that a user named: whole or not at all. One that is there already stays, unless it is of the
 * same kind and ours, or holds the same.
 *
 * @param make writes it under a name that nobody else uses
 * @throws BudgetlineError OUTPUT_EXISTS
 */
export function writeOutput<T>(
  target: string,
  make: (partial: string) => Promise<T>,
  options: OutputOptions = {},
): Promise<T> {
  const path = resolve(target);
  return write(path, make, (partial) => placeFile(partial, path, options));
}

/**
 * The same of a folder, which must be new.
 *
 * @param fill writes into an empty folder of a name that nobody else uses
 * @throws BudgetlineError OUTPUT_EXISTS
 */
export async function writeOutputFolder<T>(
  target: string,
  fill: (partial: string) => Promise<T>,
): Promise<T> {
  const path = resolve(target);
  if (existsSync(path)) throw takenFolder(path);
  const make = async (partial: string): Promise<T> => {
    await mkdir(partial);
    return fill(partial);
  };
  return write(path, make, (partial) => placeFolder(partial, path));
}

/** A file that a user named, with what it is to hold. */
export interface OutputFile {
  readonly path: string;
  readonly data: string | Uint8Array;
}

/** Several files that a user named: none is written where one of them cannot be. */
export async function writeOutputs(files: readonly OutputFile[], options: OutputOptions = {}): Promise<void> {
  const there = files.filter(({ path }) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  for (const { path, data } of there)
    await assertReplaceable(resolve(path), createHash('sha256').update(data).digest('hex'), options);
  for (const { path, data } of files)
    await writeOutput(path, (partial) => writeSynced(partial, data), options);
}
