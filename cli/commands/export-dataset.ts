import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { ArtifactId, Store, StoredArtifact } from '../../store';
import { writeOutputFolder } from '../../store';
import { placeOf } from '../../app/location';
import { createPrinter, type PrinterOptions } from '../printer';

async function findDataset(store: Store, digits: string): Promise<ArtifactId> {
  const ids = await store.list(digits);
  const artifacts = await Promise.all(ids.map((id) => store.get(id)));
  const found = ids.filter((_, at) => artifacts[at]?.manifest.makes === 'rows');
  if (found.length === 1) return found[0]!;
  const what = found.length === 0 ? 'no dataset' : `${found.length} datasets`;
  throw new BudgetlineError('USAGE', `${store.name} has ${what} with a key that begins with "${digits}".`, {
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
  const artifact = await store.verify(await findDataset(store, key));
  await writeOutputFolder(flags.out, (folder) => fill(artifact, folder));
  const { title, metrics } = artifact.manifest;
  createPrinter(flags).print([`${title}: ${metrics['rows'] ?? 0} rows and croissant.json in ${flags.out}`]);
}
