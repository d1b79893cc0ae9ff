import { labelsUpTo, type NestPurchase, purchasesIn } from '../../audit';
import type { PlannedStage } from '../../contracts/stage';
import { makesRows, type RowsStage } from '../../planning';
import type { Store } from '../../store';

/** A purchase in a stage's nest as a stage of its own, without samples. */
function purchaseAsStage(stage: RowsStage, purchase: NestPurchase): RowsStage {
  const { key, rows } = stage;
  const { labels } = rows;
  const { from, upTo } = purchase.type === 'rows-bought' ? purchase : { from: 0, upTo: 0 };
  // Rows whose place is not known begin with the first.
  const place = { count: upTo - from, upTo: rows.upTo === undefined ? undefined : upTo };
  const labelled = labels && { ...labels, count: labelsUpTo(purchase, labels.perItem) };
  const bought = { ...place, labels: labelled, verifierCalls: 0, unscored: 0 };
  return { ...stage, key: `${key}/${purchase.type}/${from}-${purchase.upTo}`, rows: { ...rows, ...bought } };
}

/** The rows and labels of a plan's nests that earlier runs bought at list price. */
export async function findBoughtRows(
  store: Store,
  stages: readonly PlannedStage[],
): Promise<readonly PlannedStage[]> {
  const nests = new Map(stages.filter(makesRows).map((stage) => [stage.nest, stage]));
  const found = [...nests].map(async ([nest, stage]) => {
    const purchases = purchasesIn(await store.chain({ nest }).read());
    return purchases.map((purchase) => purchaseAsStage(stage, purchase));
  });
  return (await Promise.all(found)).flat();
}
