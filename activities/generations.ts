import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { artifactManifest } from '../schemas/artifact';
import {
  siblingName,
  digestFile,
  ensureDir,
  guardFiles,
  syncPath,
  writeFileAtomic,
  type Store,
} from '../store';

/** How answers were generated; stored next to their rows. */
const record = z.strictObject({
  /** SHA-256 of generations.jsonl. */
  sha256: z.string(),
  metrics: z.record(z.string(), z.number()),
  maxPromptTokens: z.int().positive(),
  made: artifactManifest.shape.made.pick({ device: true, threads: true, trainer: true, microBatches: true }),
});
type GenerationRecord = z.infer<typeof record>;

/** Answers that the store keeps, keyed by model and request. */
export interface StoredGenerations extends GenerationRecord {
  readonly key: string;
  /** Path of generations.jsonl. */
  readonly path: string;
}

const rowsName = 'generations.jsonl';
const recordName = 'record.json';

function parseRecord(text: string): GenerationRecord | undefined {
  try {
    return record.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Stored answers of a key. Undefined if there are none, or if their bytes or record have changed. */
export async function findGenerations({ paths }: Store, key: string): Promise<StoredGenerations | undefined> {
  const folder = paths.generations(key);
  if (!existsSync(join(folder, recordName))) return undefined;
  const text = await guardFiles(folder, () => readFile(join(folder, recordName), 'utf8'));
  const stored = parseRecord(text);
  if (stored === undefined) return undefined;
  const path = join(folder, rowsName);
  const sha256 = await digestFile(path).catch(() => '');
  return sha256 === stored.sha256 ? { ...stored, key, path } : undefined;
}

/** Stores the rows of a finished job. If two jobs store the same answers at once, one copy stays. */
export async function storeGenerations(
  store: Store,
  key: string,
  { rows, ...made }: Omit<GenerationRecord, 'sha256'> & { readonly rows: string },
): Promise<StoredGenerations> {
  const folder = store.paths.generations(key);
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
      if ((await findGenerations(store, key)) === undefined) {
        await rm(folder, { recursive: true, force: true });
        await rename(partial, folder).catch(async (error: unknown) => {
          if ((await findGenerations(store, key)) === undefined) throw error;
        });
      }
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
  return { ...stored, key, path: join(folder, rowsName) };
}
