import { statSync } from 'node:fs';
import { openBundle, readAnchor, type OpenBundle } from '../../audit';
import { createStore, type Store } from '../../store';
import { homeOf } from '../home';
import { attachTemporal } from '../run/temporal';

/** A run to be audited: in this BUDGETLINE_HOME's store, or in a bundle that was unpacked for it. */
export interface AuditedRun {
  readonly store: Store;
  readonly experimentId: string;
  /** Present for a bundle. */
  readonly bundle?: OpenBundle;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The history of the last run with its end, as long as Temporal has it: without, the exported one has to do. */
async function completeHistory(store: Store, experimentId: string): Promise<void> {
  const anchor = await readAnchor(store, experimentId);
  if (anchor === undefined || anchor === 'invalid') return;
  const client = await attachTemporal(store.paths.home, process.env).catch(() => undefined);
  if (client === undefined) return;
  const { keepCompleteHistory } = await import('../../client/index.js');
  await keepCompleteHistory(client, store, anchor).catch(() => false);
  await client.connection.close();
}

/** Opens what a command was given, a bundle's file or an id, for as long as `use` takes. */
export async function withAuditedRun<T>(name: string, use: (run: AuditedRun) => Promise<T>): Promise<T> {
  if (isFile(name)) {
    const bundle = await openBundle(name);
    const run = { store: createStore(bundle.home), experimentId: bundle.index.experimentId, bundle };
    return use(run).finally(() => bundle.close());
  }
  const store = createStore(homeOf(process.env, process.cwd()));
  await completeHistory(store, name);
  return use({ store, experimentId: name });
}
