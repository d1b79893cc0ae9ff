import { anchorFile, type AnchorFile } from '../schemas/audit';
import type { Store } from '../store';

/** Stores the anchor that a workflow is about to return, since readers of a bundle have no Temporal server. */
export async function writeAnchor(store: Store, anchor: AnchorFile): Promise<void> {
  const text = `${JSON.stringify(anchorFile.parse(anchor), undefined, 2)}\n`;
  await store.write({ anchor: anchor.experimentId }, text);
}

/** undefined if no run of the experiment has ended; "invalid" if the record is not an anchor. */
export async function readAnchor(
  store: Store,
  experimentId: string,
): Promise<AnchorFile | 'invalid' | undefined> {
  const bytes = await store.read({ anchor: experimentId });
  if (bytes === undefined) return undefined;
  try {
    return anchorFile.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return 'invalid';
  }
}
