import { assembleResult } from '../contracts/result-pages';
import type { StoredPage, ResultPage, SweepResult, SweepReturn } from '../contracts/results';
import { BudgetlineError } from '../core/failures';
import type { SweepPlan } from '../planning';
import type { Store } from '../store';

/** The earlier pages of a sweep's lists, from the workers' store. */
async function readPages(stored: readonly StoredPage[], store: Store | undefined): Promise<ResultPage[]> {
  if (stored.length === 0) return [];
  if (store === undefined)
    throw new BudgetlineError('INPUT_MISSING', "The sweep's results are in the workers' store.", {
      remedy: 'Pass it: watchSweep({ store }), the store of the workers.',
    });
  // Not validated: our own workflow wrote it, and its digest is checked.
  return Promise.all(stored.map(async ({ digest }) => (await store.readDocument(digest)) as ResultPage));
}

/**
 * Completes a sweep's result: all pages but the last are in the workers' store.
 *
 * @throws BudgetlineError INPUT_MISSING without that store
 */
export async function completeResult(last: SweepReturn, store: Store | undefined): Promise<SweepResult> {
  return assembleResult(last, await readPages(last.pages, store));
}

/**
 * Sorts cells and failed cells into the plan's order. A search runs them in another order, over several
 * runs.
 */
export function inPlanOrder(result: SweepResult, { cells }: SweepPlan): SweepResult {
  const places = new Map(cells.map(({ cell }, place) => [cell.id, place]));
  const placeOf = ({ cell }: { readonly cell: { readonly id: string } }): number => places.get(cell.id) ?? 0;
  const sorted = <T extends Parameters<typeof placeOf>[0]>(outcomes: readonly T[]): T[] =>
    [...outcomes].sort((a, b) => placeOf(a) - placeOf(b));
  return { ...result, cells: sorted(result.cells), failedCells: sorted(result.failedCells) };
}
