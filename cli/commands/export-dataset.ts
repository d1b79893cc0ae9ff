import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import { writeOutputFolder, type Store, type StoredArtifact } from '../../store';
import { placeOf } from '../../app/location';
import { createPrinter, type PrinterOptions } from '../printer';

async function findKey(store: Store, key: string): Promise<string> {
  const found = (await store.list(key)).filter(({ kind }) => kind === 'synthesizeData');
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.key;
  const what = found.length === 0 ? 'no dataset' : `${found.length} datasets`;
  throw new BudgetlineError('USAGE', `${store.name} has ${what} with a key that begins with "${key}".`, {
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
  const { store } = placeOf({});
  const artifact = await store.verify({ kind: 'synthesizeData', key: await findKey(store, key) });
  await writeOutputFolder(flags.out, (folder) => fill(artifact, folder));
  const { title, metrics } = artifact.manifest;
  createPrinter(flags).print([`${title}: ${metrics['rows'] ?? 0} rows and croissant.json in ${flags.out}`]);
}
