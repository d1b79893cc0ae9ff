import { purchasesIn } from '../../audit';
import type { PlannedStage } from '../../contracts/stage';
import { makesRows, type RowsStage, type Span } from '../../planning';
import type { Store } from '../../store';

/** Rows of a stage's nest as a stage of their own, without verifier calls. */
function spanAsStage(stage: RowsStage, { from, upTo }: Span): RowsStage {
  const { key, rows } = stage;
  // Rows whose place is not known begin with the first.
  const place = { count: upTo - from, upTo: rows.upTo === undefined ? undefined : upTo };
  return { ...stage, key: `${key}/${from}-${upTo}`, rows: { ...rows, ...place, verifierCalls: 0 } };
}

/** The rows of a plan's nests that earlier runs bought at list price. */
export async function findBoughtRows(
  store: Store,
  stages: readonly PlannedStage[],
): Promise<readonly PlannedStage[]> {
  const nests = new Map(stages.filter(makesRows).map((stage) => [stage.nest, stage]));
  const found = [...nests].map(async ([nest, stage]) => {
    const purchases = purchasesIn(await store.chain({ nest }).read());
    return purchases.map((span) => spanAsStage(stage, span));
  });
  return (await Promise.all(found)).flat();
}
