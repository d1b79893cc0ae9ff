import { linkSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Makes a file that is whole from its first moment on; false where there was one of that name. Of several processes that
 * try at once exactly one wins.
 */
export function createWhole(path: string, text: string): boolean {
  const partial = `${path}.${process.pid}.partial`;
  rmSync(partial, { force: true });
  try {
    // "wx" follows no link that somebody else may have laid there.
    writeFileSync(partial, text, { flag: 'wx' });
    linkSync(partial, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}
