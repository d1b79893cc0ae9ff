import { join } from 'node:path';
import { writeFileAtomic } from '../../host/durable-files';
import { nameInFolder, writeOutputFolder } from '../../store';
import { copyRun, type HomeRun } from '../run-files';
import { readEvidence } from './evidence';
import { exportedHistories } from '../run-records';
import { renderCrate } from './ro-crate';

/** Path of the workflow code; null if there is none. */
async function workflowIn(
  { store, experimentId }: HomeRun,
  paths: readonly string[],
): Promise<string | null> {
  const exported = exportedHistories(await store.chain({ experiment: experimentId }).read());
  const codes = exported.flatMap(({ codeDigest }) =>
    codeDigest === null ? [] : [nameInFolder({ code: codeDigest })],
  );
  return paths.find((path) => codes.includes(path)) ?? null;
}

async function fill(run: HomeRun, packageVersion: string, folder: string): Promise<number> {
  const paths = await copyRun(run, folder);
  const evidence = await readEvidence(run.store, run.experimentId);
  const crate = renderCrate(evidence, { paths, workflow: await workflowIn(run, paths), packageVersion });
  await writeFileAtomic(join(folder, 'ro-crate-metadata.json'), `${JSON.stringify(crate, undefined, 2)}\n`);
  return paths.length;
}

/**
 * Writes a run as a Provenance Run Crate: a folder with all files that the run depends on and their metadata.
 *
 * @returns the number of files that the crate describes
 * @throws BudgetlineError OUTPUT_EXISTS, INPUT_MISSING
 */
export function writeCrate(run: HomeRun, packageVersion: string, target: string): Promise<number> {
  return writeOutputFolder(target, (folder) => fill(run, packageVersion, folder));
}
