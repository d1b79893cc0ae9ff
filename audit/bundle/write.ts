import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import type { BundleIndex } from '../../schemas/audit';
import { BudgetlineError } from '../../core/failures';
import { ensureDir, syncPath, writeFileAtomic } from '../../host/durable-files';
import { digestFile, writeOutput, type OutputOptions } from '../../store';
import { copyRun, type HomeRun } from '../run-files';
import { assertEntries, assertIndexBytes, assertIndexed, Refused } from './limits';

export const indexName = 'bundle.json';

async function describe(folder: string, path: string): Promise<BundleIndex['files'][number]> {
  const file = join(folder, path);
  return { path, bytes: (await stat(file)).size, sha256: await digestFile(file) };
}

/** Refuses to write a bundle that could not be opened again. */
function assertReadable(index: BundleIndex, text: string): void {
  try {
    assertIndexed(index);
    assertEntries(index.files.length + 1);
    assertIndexBytes(Buffer.byteLength(text));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new BudgetlineError('BUNDLE_REFUSED', `The bundle is not written: ${error.message}.`, {
      remedy: 'Remove the file that the message names from the run, or export the run in parts.',
      details: { limit: error.limit },
    });
  }
}

/** Packs a folder with the layout of a BUDGETLINE_HOME. The same files give the same bytes. */
export async function packFolder(
  folder: string,
  index: Omit<BundleIndex, 'format' | 'files'> & { readonly paths: readonly string[] },
  target: string,
): Promise<BundleIndex> {
  const { paths, ...about } = index;
  const files: BundleIndex['files'] = [];
  for (const path of [...paths].sort()) files.push(await describe(folder, path));
  const whole: BundleIndex = { format: 1, ...about, files };
  const text = `${JSON.stringify(whole, undefined, 1)}\n`;
  assertReadable(whole, text);
  await writeFileAtomic(join(folder, indexName), text);
  const options = { cwd: folder, file: target, portable: true, noMtime: true, noDirRecurse: true };
  await create(options, [indexName, ...files.map(({ path }) => path)]);
  return whole;
}

/** Whether a tar's first entry is our index. */
const isBundle = (head: string): boolean =>
  head.startsWith(`${indexName}\0`) && /^\{\s*"format": \d+,\s*"experimentId"/.test(head.slice(512));

/**
 * Writes an experiment, with all files that its results depend on, into one file, atomically.
 *
 * @throws BudgetlineError OUTPUT_EXISTS, INPUT_MISSING
 */
export async function writeBundle(
  run: HomeRun,
  packageVersion: string,
  { path: target, ...options }: OutputOptions & { readonly path: string },
): Promise<BundleIndex> {
  const { experimentId, home } = run;
  const write = async (partial: string): Promise<BundleIndex> => {
    await ensureDir(home);
    const folder = await mkdtemp(join(home, '.bundle-'));
    try {
      const paths = await copyRun(run, folder);
      const index = await packFolder(folder, { experimentId, packageVersion, paths }, partial);
      await syncPath(partial);
      return index;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  return writeOutput(target, write, { ...options, isOurs: isBundle });
}
