import { join } from 'node:path';
import { writeFileAtomic, writeOutputFolder, type Store } from '../../store';
import { linkOrCopy } from '../bundle/write';
import { listRunFiles } from '../run-files';
import { readEvidence } from './evidence';
import { renderCrate } from './ro-crate';

/** Path of the workflow code; null if there is none. */
const workflowOf = (paths: readonly string[]): string | null =>
  paths.find((path) => path.startsWith('store/code/')) ?? null;

async function fill(store: Store, about: CrateOptions, folder: string): Promise<number> {
  const { experimentId, packageVersion } = about;
  const paths: string[] = [];
  for (const path of await listRunFiles(store, experimentId))
    if (await linkOrCopy(join(store.paths.home, path), join(folder, path))) paths.push(path);
  const evidence = await readEvidence(store, experimentId);
  const crate = renderCrate(evidence, { paths, workflow: workflowOf(paths), packageVersion });
  await writeFileAtomic(join(folder, 'ro-crate-metadata.json'), `${JSON.stringify(crate, undefined, 2)}\n`);
  return paths.length;
}

interface CrateOptions {
  readonly experimentId: string;
  readonly packageVersion: string;
}

/**
 * Writes a run as a Provenance Run Crate: a folder with all files that the run depends on and their metadata.
 *
 * @returns the number of files that the crate describes
 * @throws BudgetlineError OUTPUT_EXISTS, INPUT_MISSING
 */
export function writeCrate(store: Store, options: CrateOptions, target: string): Promise<number> {
  return writeOutputFolder(target, (folder) => fill(store, options, folder));
}
