import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { anchorFile, type AnchorFile } from '../schemas/audit';
import { ensureDir, isMissing, writeFileAtomic, type Store } from '../store';

/** Stores the anchor that a workflow is about to return, since readers of a bundle have no Temporal server. */
export async function writeAnchor(store: Store, anchor: AnchorFile): Promise<void> {
  const path = store.paths.anchor(anchor.experimentId);
  await ensureDir(dirname(path));
  await writeFileAtomic(path, `${JSON.stringify(anchorFile.parse(anchor), undefined, 2)}\n`);
}

/** undefined if no run of the experiment has ended; "invalid" if the file is not an anchor. */
export async function readAnchor(
  store: Store,
  experimentId: string,
): Promise<AnchorFile | 'invalid' | undefined> {
  try {
    const text = await readFile(store.paths.anchor(experimentId), 'utf8');
    return anchorFile.parse(JSON.parse(text));
  } catch (error) {
    return isMissing(error) ? undefined : 'invalid';
  }
}
