import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import { createStore, isMissing, type Store, type StoredArtifact } from '../../store';
import { homeOf } from '../home';
import { createPrinter, type PrinterOptions } from '../printer';

const prefix = 'synthesizeData-';

async function findKey({ paths }: Store, key: string): Promise<string> {
  const names = await readdir(paths.artifacts).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const found = names.filter((name) => name.startsWith(`${prefix}${key}`));
  if (found.length === 1) return (found[0] ?? '').slice(prefix.length);
  const what = found.length === 0 ? 'no dataset' : `${found.length} datasets`;
  throw new BudgetlineError('USAGE', `${paths.artifacts} has ${what} of a key that begins with "${key}".`, {
    remedy: 'Take the key from the artifacts in a report, or from "budgetline status ID --json".',
  });
}

async function writeFolder({ dir, manifest }: StoredArtifact, out: string): Promise<void> {
  const partial = `${out}.partial-${process.pid}`;
  try {
    await mkdir(partial, { recursive: true });
    for (const { path } of manifest.files) await copyFile(join(dir, path), join(partial, path));
    const text = `${JSON.stringify(manifest.croissant ?? {}, undefined, 2)}\n`;
    await writeFile(join(partial, 'croissant.json'), text);
    await rename(partial, out);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** `budgetline data export KEY --out FOLDER`: a dataset as others read it, every byte of it checked. */
export async function exportDatasetCommand(
  key: string,
  flags: PrinterOptions & { readonly out: string },
): Promise<void> {
  if (existsSync(flags.out))
    throw new BudgetlineError('USAGE', `--out: ${flags.out} is there already.`, {
      remedy: 'Name a new folder.',
    });
  const store = createStore(homeOf(process.env, process.cwd()));
  const artifact = await store.verifyArtifact({ kind: 'synthesizeData', key: await findKey(store, key) });
  await writeFolder(artifact, flags.out);
  const { title, metrics } = artifact.manifest;
  createPrinter(flags).print([`${title}: ${metrics['rows'] ?? 0} rows and croissant.json in ${flags.out}`]);
}
