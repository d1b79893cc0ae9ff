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

/** How answers were made; lies next to their rows. */
const record = z.strictObject({
  /** Of generations.jsonl. */
  sha256: z.string(),
  figures: z.record(z.string(), z.number()),
  maxPromptTokens: z.int().positive(),
  made: artifactManifest.shape.made.pick({ device: true, threads: true, trainer: true, microBatches: true }),
});
type GenerationRecord = z.infer<typeof record>;

/** Answers of a model that the store keeps, by what was asked of which model. */
export interface KeptGenerations extends GenerationRecord {
  readonly key: string;
  /** generations.jsonl. */
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

/** Answers that were kept under a key; undefined where there are none, or where their bytes or their record have changed. */
export async function findGenerations({ paths }: Store, key: string): Promise<KeptGenerations | undefined> {
  const folder = paths.generations(key);
  if (!existsSync(join(folder, recordName))) return undefined;
  const text = await guardFiles(folder, () => readFile(join(folder, recordName), 'utf8'));
  const kept = parseRecord(text);
  if (kept === undefined) return undefined;
  const path = join(folder, rowsName);
  const sha256 = await digestFile(path).catch(() => '');
  return sha256 === kept.sha256 ? { ...kept, key, path } : undefined;
}

/** Keeps the rows of a job that has ended. Two that keep the same answers at once keep them once. */
export async function keepGenerations(
  store: Store,
  key: string,
  { rows, ...made }: Omit<GenerationRecord, 'sha256'> & { readonly rows: string },
): Promise<KeptGenerations> {
  const folder = store.paths.generations(key);
  const partial = siblingName(folder);
  const kept = { sha256: await digestFile(rows), ...made };
  await ensureDir(dirname(folder));
  await guardFiles(folder, async () => {
    try {
      await mkdir(partial);
      await copyFile(rows, join(partial, rowsName));
      await syncPath(join(partial, rowsName));
      await writeFileAtomic(join(partial, recordName), JSON.stringify(kept));
      // What lies there under this key is not what was kept: see findGenerations.
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
  return { ...kept, key, path: join(folder, rowsName) };
}
