import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import { createStore, isMissing, writeOutputFolder, type Store, type StoredArtifact } from '../../store';
import { homeOf } from '../../app/home';
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
  throw new BudgetlineError('USAGE', `${paths.artifacts} has ${what} with a key that begins with "${key}".`, {
    remedy: 'Copy the key from a report, or from "budgetline status ID --json".',
  });
}

async function fill({ dir, manifest }: StoredArtifact, folder: string): Promise<void> {
  for (const { path } of manifest.files) await copyFile(join(dir, path), join(folder, path));
  const text = `${JSON.stringify(manifest.croissant ?? {}, undefined, 2)}\n`;
  await writeFile(join(folder, 'croissant.json'), text);
}

/** `budgetline data export KEY --out FOLDER`: exports a dataset after verifying its bytes. */
export async function exportDatasetCommand(
  key: string,
  flags: PrinterOptions & { readonly out: string },
): Promise<void> {
  const store = createStore(homeOf(process.env, process.cwd()));
  const artifact = await store.verifyArtifact({ kind: 'synthesizeData', key: await findKey(store, key) });
  await writeOutputFolder(flags.out, (folder) => fill(artifact, folder));
  const { title, metrics } = artifact.manifest;
  createPrinter(flags).print([`${title}: ${metrics['rows'] ?? 0} rows and croissant.json in ${flags.out}`]);
}
