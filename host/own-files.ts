import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  type Stats,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { BudgetlineError } from '../core/failures';
import { errnoOf, isMissing } from './fs-errors';

/** Whether a user id is this process's. True on systems without user ids. */
export const isOwnUser = (uid: number): boolean => uid === (process.getuid?.() ?? uid);

function ownFolder(path: string): Stats | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && isOwnUser(found.uid) ? found : null;
}

/** Whether a path is a folder of this user. False for a link. */
export const isOwnFolder = (path: string): boolean => ownFolder(path) !== null;

/**
 * Creates a folder that only this user may access. False if something else exists there: a link, or another
 * user's folder.
 */
export function makeOwnFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const found = ownFolder(path);
  if (found !== null && (found.mode & 0o077) !== 0) chmodSync(path, 0o700);
  return found !== null;
}

/**
 * The text of a file; undefined if there is none. A pipe or device would block the process that opens it.
 *
 * @throws BudgetlineError DATA_INVALID if something else than a plain file has this name
 */
export async function readPlainFile(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    if ((await file.stat()).isFile()) return await file.readFile('utf8');
  } finally {
    await file.close();
  }
  throw new BudgetlineError('DATA_INVALID', `${path} is not a plain file.`, {
    remedy: 'Remove it, and put a plain file in its place.',
    details: { path },
  });
}

/** Prints a warning if other users may read a file that holds a key. */
export function warnIfShared(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o077) === 0) return;
  const mode = (found.mode & 0o777).toString(8);
  const text = `${path} holds a key, and other users may read it (mode ${mode}). Run: chmod 600 ${path}`;
  process.emitWarning(text, { type: 'KeyWarning', code: path });
}

/** The text of a file of this user. Null if there is none; links and other users' files do not count. */
export function readOwnFile(path: string): string | null {
  let descriptor: number;
  try {
    // Opening a pipe must not block.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EACCES'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  }
  try {
    const found = fstatSync(descriptor);
    return found.isFile() && isOwnUser(found.uid) ? readFileSync(descriptor, 'utf8') : null;
  } finally {
    closeSync(descriptor);
  }
}
