import { readTimeline } from '../../audit';
import type { AuditTotals } from '../../contracts/run-timeline';
import { BudgetlineError } from '../../contracts/failures';
import type { Store } from '../../store';

/**
 * What the last run of a sweep or an experiment came to, failed and cancelled work with it; undefined where this store
 * has no ledger of it, or it has not ended.
 *
 * @param runId where it must be this one that ended last
 */
export async function readRunTotals(
  store: Store,
  experimentId: string,
  runId?: string,
): Promise<AuditTotals | undefined> {
  try {
    const { lastRun } = await readTimeline(store, experimentId);
    return runId === undefined || lastRun?.runId === runId ? lastRun?.totals : undefined;
  } catch (error) {
    if (error instanceof BudgetlineError && error.code === 'INPUT_MISSING') return undefined;
    throw error;
  }
}
