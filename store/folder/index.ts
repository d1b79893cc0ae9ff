/** The store as a folder that several processes share, also over a network file system. */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { defineStore, type RecordId, type Store } from '../define';
import { ensureDir, ensureHome, writeFileAtomic } from '../../host/durable-files';
import { guardFiles, isMissing } from '../../host/fs-errors';
import { readSealedFolder, verifySealedFolder } from '../sealed-folder';
import { listArtifacts, namesIn, publishArtifact } from './artifacts';
import { fileChain } from './chains';
import { acquireClaim, readClaimHolder } from './claims';
import { copyPart } from './copy';
import { findGenerations, storeGenerations } from './generations';
import { removeAbandoned } from './partials';
import { firstFolders, folderLayout, nameInFolder, type FolderLayout } from './layout';

export { folderLayout, nameInFolder, type FolderLayout } from './layout';

export interface FolderStoreOptions {
  /**
   * Milliseconds after which a silent holder loses its claim, if its process cannot be checked from here.
   * Default: 30,000.
   */
  readonly leaseMs?: number;
}

async function readRecord(layout: FolderLayout, record: RecordId): Promise<Buffer | undefined> {
  const path = layout.part(record);
  return guardFiles(path, () =>
    readFile(path).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    }),
  );
}

async function writeRecord(layout: FolderLayout, record: RecordId, data: string | Uint8Array): Promise<void> {
  const path = layout.part(record);
  await ensureDir(dirname(path));
  await writeFileAtomic(path, data);
}

async function experimentsIn({ experiments }: FolderLayout): Promise<string[]> {
  const chains = (await namesIn(experiments)).filter((name) => name.endsWith('.jsonl'));
  return chains.map((name) => name.slice(0, -'.jsonl'.length));
}

/** The store below a home folder. Folders are created when needed, or by `prepare`. */
export function createFolderStore(homeDir: string, { leaseMs = 30_000 }: FolderStoreOptions = {}): Store {
  const home = resolve(homeDir);
  const layout = folderLayout(home);
  const answers = (key: string): { key: string; folder: string } => ({
    key,
    folder: layout.generations(key),
  });
  return defineStore({
    name: home,
    async prepare() {
      await ensureHome(home);
      for (const name of firstFolders) await removeAbandoned(await ensureDir(join(home, name)));
    },
    get: async (id) => readSealedFolder(layout.part({ artifact: id }), id),
    verify: async (id) => verifySealedFolder(layout.part({ artifact: id }), id),
    publish: (request, fence) => publishArtifact(layout, request, fence),
    list: (prefix) => listArtifacts(layout, prefix),
    claim: (key, holder) => acquireClaim({ key, dir: layout.claims(key), holder }, { leaseMs }),
    claimHolder: (key) => readClaimHolder(layout.claims(key)),
    chain: (id) => fileChain(layout.part(id)),
    experiments: () => experimentsIn(layout),
    read: (record) => readRecord(layout, record),
    write: (record, data) => writeRecord(layout, record, data),
    findGenerations: (key) => findGenerations(answers(key)),
    storeGenerations: (key, made) => storeGenerations(answers(key), made),
    // Annotators write in place.
    annotations: (key) => Promise.resolve({ dir: layout.annotations(key), save: () => Promise.resolve() }),
    nameOf: nameInFolder,
    copy: (part, folder) => copyPart(home, part, folder),
  });
}
