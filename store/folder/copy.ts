import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StorePart } from '../define';
import { isMissing } from '../../host/fs-errors';
import { nameInFolder } from './layout';

/** Files below a folder, or the file itself, by their paths relative to `home`. */
async function filesOf(home: string, part: StorePart): Promise<string[]> {
  const name = nameInFolder(part);
  if (!('artifact' in part)) return [name];
  const entries = await readdir(join(home, name), { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    },
  );
  return entries.flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(home.length + 1)] : [],
  );
}

/** Hard-links a file, which is safe because it never changes in place; chains grow, so they are copied. */
async function copyOne(from: string, to: string, grows: boolean): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true });
  try {
    if (grows) await copyFile(from, to);
    else await link(from, to).catch(() => copyFile(from, to));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export async function copyPart(home: string, part: StorePart, folder: string): Promise<string[]> {
  const grows = 'stage' in part || 'experiment' in part || 'nest' in part;
  const copied: string[] = [];
  for (const path of await filesOf(home, part))
    if (await copyOne(join(home, path), join(folder, path), grows)) copied.push(path);
  return copied;
}
