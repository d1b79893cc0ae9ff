import { storeCompleteHistory } from '../../client';
import { exportedHistories, openBundle, readAnchor, type OpenBundle } from '../../audit';
import { experimentIdOf } from '../../planning';
import { type Location, type Place, placeOf } from '../location';
import { withClient } from '../run/temporal';
import { isFile } from '../../host/is-file';

/** A run to audit: in a home and its store, or in an unpacked bundle. */
export interface AuditedRun extends Place {
  readonly experimentId: string;
  /** Present for a bundle. */
  readonly bundle?: OpenBundle;
}

/** Stores the complete histories of the run's own workflow while Temporal has them. Otherwise the exported ones are used. */
async function completeHistory({ store }: Place, experimentId: string, location: Location): Promise<void> {
  const anchor = await readAnchor(store, experimentId);
  if (anchor === undefined || anchor === 'invalid') return;
  await withClient(location, async (client) => {
    const exported = exportedHistories(await store.chain({ experiment: experimentId }).read());
    const own = exported.filter(({ workflowId }) => workflowId === anchor.workflowId);
    const runIds = own.map(({ runId }) => runId);
    for (const runId of new Set([...runIds, anchor.runId]))
      await storeCompleteHistory(client, store, { ...anchor, runId });
  }).catch(() => undefined);
}

/** Opens a bundle by its file, or a run by its id, while `use` runs. */
export async function withAuditedRun<T>(
  name: string,
  use: (run: AuditedRun) => Promise<T>,
  location: Location = {},
): Promise<T> {
  if (isFile(name)) {
    const bundle = await openBundle(name);
    const { experimentId } = bundle.index;
    const run = { ...placeOf({ home: bundle.home }), experimentId, bundle };
    return use(run).finally(() => bundle.close());
  }
  const place = placeOf(location);
  const experimentId = experimentIdOf(name);
  await completeHistory(place, experimentId, location);
  return use({ ...place, experimentId });
}
