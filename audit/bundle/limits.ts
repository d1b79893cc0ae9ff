/** What a bundle may hold. A bundle comes from elsewhere; each limit stops one way of doing harm with it. */
export const bundleLimits = {
  /** Entries: a sweep of 300 cells has some 10,000. */
  entries: 200_000,
  /** Bytes of bundle.json, which is read whole. */
  indexBytes: 64 * 1024 * 1024,
  /** Characters of a path. */
  pathLength: 512,
  /** Bytes of one file: an adapter or a merged model. */
  fileBytes: 64 * 1024 ** 3,
  /** Bytes of all files: they are unpacked beside each other. */
  totalBytes: 256 * 1024 ** 3,
} as const;

/** Why an archive is refused before anything of it is believed. */
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

const part = /^[A-Za-z0-9_][A-Za-z0-9._:@+=-]*$/;
const rooms: ReadonlySet<string> = new Set(['store', 'reports']);

/** True for a path below the folders that a bundle has, whose every part is a plain name. */
export function isInside(path: string): boolean {
  const [room = '', ...rest] = path.split('/');
  return rooms.has(room) && rest.length > 0 && rest.every((name) => part.test(name));
}
