import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';

/** Whether a user is the one of this process; so it is where the system has no users. */
export const isOwnUser = (uid: number): boolean => uid === (process.getuid?.() ?? uid);

const errnoOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function ownFolder(path: string): Stats | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && isOwnUser(found.uid) ? found : null;
}

/** Whether a folder is there and is this user's. A link to one is none. */
export const isOwnFolder = (path: string): boolean => ownFolder(path) !== null;

/** Makes a folder that this user alone may use. False where something else is there, a link or another user's folder. */
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

/** The text of a file of this user's. Null where there is none: a link, or another user's file, is none. */
export function readOwnFile(path: string): string | null {
  let descriptor: number;
  try {
    // A pipe must not make the reader wait.
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
