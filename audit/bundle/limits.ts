import type { BundleIndex } from '../../schemas/audit';
import { isName } from '../../core/names';

/** Limits for bundles. A bundle is untrusted input; each limit stops one kind of attack. */
export const bundleLimits = {
  /** Entries: a sweep of 300 cells has some 10,000. */
  entries: 200_000,
  /** Entries that bundle.json does not list. */
  unlisted: 1_000,
  /** Bytes of bundle.json, which is read into memory. */
  indexBytes: 64 * 1024 * 1024,
  /** Characters of a path. */
  pathLength: 512,
  /** Bytes of one file: an adapter or a merged model. */
  fileBytes: 64 * 1024 ** 3,
  /** Bytes of all files, which are unpacked to disk. */
  totalBytes: 256 * 1024 ** 3,
} as const;

/** Why an archive is refused. */
export type BundleRefusal =
  | 'not-a-bundle'
  | 'compressed'
  | 'entry-type'
  | 'entry-twice'
  | 'path-outside'
  | 'path-length'
  | 'entries'
  | 'index-bytes'
  | 'file-bytes'
  | 'total-bytes'
  | 'cut-short';

const roots: ReadonlySet<string> = new Set(['store', 'reports']);

/** Whether a path is inside a bundle's folders, with valid names only. */
function isInside(path: string): boolean {
  const [root = '', ...rest] = path.split('/');
  return roots.has(root) && rest.length > 0 && rest.every(isName);
}

/** Thrown for an archive that is not read or not written. */
export class Refused extends Error {
  constructor(
    readonly limit: BundleRefusal,
    message: string,
  ) {
    super(message);
  }
}

export function assertPath(path: string): void {
  if (path.length > bundleLimits.pathLength)
    throw new Refused(
      'path-length',
      `a path of ${path.length} characters is longer than ${bundleLimits.pathLength}`,
    );
  if (!isInside(path)) throw new Refused('path-outside', `${JSON.stringify(path)} is not a path of a bundle`);
}

export function assertEntries(count: number): void {
  if (count > bundleLimits.entries)
    throw new Refused('entries', `it has more than ${bundleLimits.entries} entries`);
}

export function assertUnlisted(count: number): void {
  if (count > bundleLimits.unlisted)
    throw new Refused(
      'entries',
      `it has more than ${bundleLimits.unlisted} entries that bundle.json does not list`,
    );
}

export function assertIndexBytes(bytes: number): void {
  if (bytes > bundleLimits.indexBytes)
    throw new Refused('index-bytes', `its index has ${bytes} bytes, more than ${bundleLimits.indexBytes}`);
}

export function assertIndexed({ files }: BundleIndex): void {
  for (const { path, bytes } of files) {
    assertPath(path);
    if (bytes > bundleLimits.fileBytes)
      throw new Refused('file-bytes', `${path} has ${bytes} bytes, more than ${bundleLimits.fileBytes}`);
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > bundleLimits.totalBytes)
    throw new Refused('total-bytes', `its files have ${total} bytes, more than ${bundleLimits.totalBytes}`);
}
