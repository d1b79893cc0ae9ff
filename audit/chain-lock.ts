import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chain, ChainId, FenceCheck, Store } from '../store';

const lockPollMs = 20;

/** One writer at a time: a claim locks the chain of an experiment or of a nest of rows. */
export async function withChainLock<T>(
  store: Store,
  id: ChainId,
  work: (chain: Chain, lock: FenceCheck) => Promise<T>,
): Promise<T> {
  const name = store.nameOf(id);
  const key = createHash('sha256').update(`lock of ${name}`).digest('hex');
  for (;;) {
    const outcome = await store.claim(key, `lock of ${name}`);
    if ('claim' in outcome) {
      const { claim } = outcome;
      return work(store.chain(id), claim).finally(() => claim.release());
    }
    await sleep(lockPollMs);
  }
}
