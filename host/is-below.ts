import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';

/** Whether a file or folder is strictly below a folder, links followed. False if one does not exist. */
export async function isBelow(path: string, folder: string): Promise<boolean> {
  try {
    const [inner, outer] = await Promise.all([realpath(path), realpath(folder)]);
    return inner.startsWith(`${outer}${sep}`);
  } catch {
    return false;
  }
}
