import type {
  CellHole,
  CellPage,
  CellResult,
  KeptPage,
  SweepResult,
  SweepReturn,
} from '../contracts/results';
import { BudgetlineError } from '../contracts/failures';
import type { SweepPlan } from '../planning';
import { createStore } from '../store';

/** The pages of a sweep before its last, from the workers' store. INPUT_MISSING without it. */
export async function readPages(kept: readonly KeptPage[], home: string | undefined): Promise<CellPage[]> {
  if (kept.length === 0) return [];
  if (home === undefined)
    throw new BudgetlineError('INPUT_MISSING', "The sweep's results lie in the workers' store.", {
      remedy: 'Say where it is: watchSweep({ home }), the workers’ BUDGETLINE_HOME.',
    });
  const store = createStore(home);
  // Written by our own workflow under the digest that it returned.
  return Promise.all(kept.map(async ({ digest }) => (await store.readDocument(digest)) as CellPage));
}

/** A sweep's result, whole: the pages before the last come from the workers' store. INPUT_MISSING without it. */
export async function completeResult(
  returned: SweepReturn,
  { plan, home }: { readonly plan: SweepPlan; readonly home: string | undefined },
): Promise<SweepResult> {
  const { kept, ...last } = returned;
  const pages = [...(await readPages(kept, home)), last];
  const place = new Map(plan.cells.map(({ cell }, index) => [cell.id, index]));
  const inOrder = <T extends CellResult | CellHole>(outcomes: readonly T[]): T[] =>
    [...outcomes].sort((a, b) => (place.get(a.cell.id) ?? 0) - (place.get(b.cell.id) ?? 0));
  return {
    ...last,
    cells: inOrder(pages.flatMap(({ cells }) => cells)),
    holes: inOrder(pages.flatMap(({ holes }) => holes)),
  };
}
