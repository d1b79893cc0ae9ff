import { linkSync, rmSync, writeFileSync } from 'node:fs';

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
    linkSync(partial, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}
