import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generationRecord, type GenerationRecord } from '../../schemas/generations';
import type { MadeGenerations, StoredGenerations } from '../define';
import { digestFile } from '../digest';
import { ensureDir, siblingName, syncPath, writeFileAtomic } from '../../host/durable-files';
import { guardFiles, isMissing, toFileError } from '../../host/fs-errors';
import { moveIntoPlace } from './artifacts';

const rowsName = 'generations.jsonl';
const recordName = 'record.json';

/** The folder of the answers of one key. */
interface Place {
  readonly key: string;
  readonly folder: string;
}

function parseRecord(text: string): GenerationRecord | undefined {
  try {
    return generationRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function findGenerations({ key, folder }: Place): Promise<StoredGenerations | undefined> {
  const record = join(folder, recordName);
  const text = await readFile(record, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw toFileError(error, folder);
  });
  const stored = parseRecord(text);
  if (stored === undefined) return undefined;
  const path = join(folder, rowsName);
  const sha256 = await digestFile(path).catch(() => '');
  return sha256 === stored.sha256 ? { ...stored, key, path } : undefined;
}

/** Moves away answers that changed. Jobs that do so at the same time replace each other's. */
async function moveAway(place: Place): Promise<void> {
  const old = siblingName(place.folder);
  try {
    await rename(place.folder, old);
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Moves the partial folder into place, unless another job's answers are there already: then returns those. */
async function publish(partial: string, place: Place): Promise<StoredGenerations | undefined> {
  while (!(await moveIntoPlace(partial, place.folder))) {
    const found = await findGenerations(place);
    if (found !== undefined) return found;
    await moveAway(place);
  }
  return undefined;
}

export async function storeGenerations(
  place: Place,
  { rows, ...made }: MadeGenerations,
): Promise<StoredGenerations> {
  const { key, folder } = place;
  const partial = siblingName(folder);
  const stored = { sha256: await digestFile(rows), ...made };
  await ensureDir(dirname(folder));
  return guardFiles(folder, async () => {
    try {
      await mkdir(partial);
      await copyFile(rows, join(partial, rowsName));
      await syncPath(join(partial, rowsName));
      await writeFileAtomic(join(partial, recordName), JSON.stringify(stored));
      const found = await publish(partial, place);
      return found ?? { ...stored, key, path: join(folder, rowsName) };
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
}
