import { readTimeline } from '../../audit';
import type { AuditTotals } from '../../contracts/run-timeline';
import { BudgetlineError } from '../../core/failures';
import type { Store } from '../../store';

/**
 * Totals of the last run of a sweep or an experiment, with failed and cancelled work; undefined if this store has no
 * ledger of it or it has not ended.
 *
 * @param runId returns undefined if another run ended last. Default: any run
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
