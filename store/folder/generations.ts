import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generationRecord, type GenerationRecord } from '../../schemas/generations';
import type { MadeGenerations, StoredGenerations } from '../define';
import { digestFile } from '../digest';
import { ensureDir, siblingName, syncPath, writeFileAtomic } from '../../host/durable-files';
import { guardFiles } from '../../host/fs-errors';

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
  if (!existsSync(join(folder, recordName))) return undefined;
  const text = await guardFiles(folder, () => readFile(join(folder, recordName), 'utf8'));
  const stored = parseRecord(text);
  if (stored === undefined) return undefined;
  const path = join(folder, rowsName);
  const sha256 = await digestFile(path).catch(() => '');
  return sha256 === stored.sha256 ? { ...stored, key, path } : undefined;
}

export async function storeGenerations(
  place: Place,
  { rows, ...made }: MadeGenerations,
): Promise<StoredGenerations> {
  const { key, folder } = place;
  const partial = siblingName(folder);
  const stored = { sha256: await digestFile(rows), ...made };
  await ensureDir(dirname(folder));
  await guardFiles(folder, async () => {
    try {
      await mkdir(partial);
      await copyFile(rows, join(partial, rowsName));
      await syncPath(join(partial, rowsName));
      await writeFileAtomic(join(partial, recordName), JSON.stringify(stored));
      // The folder holds something else under this key: see findGenerations.
      if ((await findGenerations(place)) === undefined) {
        await rm(folder, { recursive: true, force: true });
        await rename(partial, folder).catch(async (error: unknown) => {
          if ((await findGenerations(place)) === undefined) throw error;
        });
      }
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
  return { ...stored, key, path: join(folder, rowsName) };
}
