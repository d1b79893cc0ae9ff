import { createHash } from 'node:crypto';
import { existsSync, lstatSync } from 'node:fs';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BudgetlineError } from '../core/failures';
import { outputMark } from '../core/output-mark';
import { digestFile } from './digest';
import { siblingName, ensureDir, syncPath, writeSynced } from '../host/durable-files';
import { errnoOf, guardFiles } from '../host/fs-errors';

/** How files that a user named are written. */
export interface OutputOptions {
  /** Replaces an existing file; never a folder. */
  readonly force?: boolean;
  /** Whether an existing file may be replaced, from its first bytes (one per character). */
  readonly isOurs?: (head: string) => boolean;
}

const headLength = 1024;

/** Budgetline's pages and charts have the mark at their beginning. */
const isMarked = (head: string): boolean => head.includes(outputMark);

const existsError = (path: string, what: string, remedy: string): BudgetlineError =>
  new BudgetlineError('OUTPUT_EXISTS', `${path} exists already${what}.`, { remedy, details: { path } });

const otherFile = (path: string): BudgetlineError =>
  existsError(path, ', with other content', 'Name another file, or add --force to replace this one.');

const takenFolder = (path: string): BudgetlineError => existsError(path, '', 'Name a new folder.');

/** Creates a name; false if it exists. */
async function takeName(take: () => Promise<unknown>): Promise<boolean> {
  try {
    await take();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The beginning of a file. For a PNG: of the SVG of the same name, which has the mark. */
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

/** @throws BudgetlineError OUTPUT_EXISTS if something exists that may not be replaced */
async function assertReplaceable(
  path: string,
  digest: string,
  { force = false, isOurs = isMarked }: OutputOptions,
): Promise<void> {
  // Never through a link, into a pipe or over a device.
  if (!(await lstat(path)).isFile())
    throw existsError(path, ' and is not a plain file', 'Name another file.');
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
 * Writes a file that a user named, atomically. An existing file stays, unless Budgetline wrote it and it is
 * of the same kind, or it has the same content.
 *
 * @param make writes the file under a unique name
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
 * Writes a folder that a user named; it must be new.
 *
 * @param fill writes into an empty folder with a unique name
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

/** A file that a user named, with its content. */
export interface OutputFile {
  readonly path: string;
  readonly data: string | Uint8Array;
}

/** Writes several files that a user named: none if one of them cannot be written. */
export async function writeOutputs(files: readonly OutputFile[], options: OutputOptions = {}): Promise<void> {
  const present = files.filter(({ path }) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  for (const { path, data } of present)
    await assertReplaceable(resolve(path), createHash('sha256').update(data).digest('hex'), options);
  for (const { path, data } of files)
    await writeOutput(path, (partial) => writeSynced(partial, data), options);
}
