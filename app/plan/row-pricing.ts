import { canonicalJson } from '../../core/canonical-json';
import { nameUsd } from '../../core/money';
import type { SweepDefinition } from '../../schemas/definition';
import type { OtherPricing } from '../../contracts/results';
import type { PlannedStage } from '../../contracts/stage';
import { listPriceUsd, makesRows, type SweepPlan, variantsOf } from '../../planning';
import { type AxisValues, atAxisValues } from './axis-values';
import { demonstrationPrice, pairPrice, type RowPrice, rowUsd } from '../../stages';

/** What one kind of row costs, by parts, and where on the axes. */
export interface RowPricing {
  readonly row: 'demonstration' | 'pair';
  readonly at: AxisValues;
  readonly price: RowPrice;
  /** US dollars for one: the sum of the parts. */
  readonly usd: number;
}

const pricesOf = { demonstration: demonstrationPrice, pair: pairPrice } as const;

function pricingsOf(definition: SweepDefinition, row: RowPricing['row']): RowPricing[] {
  const placed = variantsOf(definition).map(({ definition: variant, coordinates: place }) => {
    const price = pricesOf[row](variant);
    return { key: canonicalJson(price), value: { row, price, usd: rowUsd(price) }, place };
  });
  return atAxisValues(placed);
}

/** What a demonstration and a pair of a sweep cost, by parts; only rows that it buys. */
export function pricingsIn(definition: SweepDefinition, { purchase }: SweepPlan): RowPricing[] {
  return [
    ...(purchase.demonstrations > 0 ? pricingsOf(definition, 'demonstration') : []),
    ...(purchase.pairs > 0 ? pricingsOf(definition, 'pair') : []),
  ];
}

/** Rows that cost something else: calls with settings of their own, correct samples, kinds of the user. */
export function otherPricings(
  stages: readonly PlannedStage[],
  known: readonly Pick<RowPricing, 'usd'>[],
): OtherPricing[] {
  const priced = stages.filter(makesRows).map((stage) => {
    const { rows } = stage;
    return { noun: rows.noun, usd: listPriceUsd([stage]) / Math.max(1, rows.count) };
  });
  const names = new Set(known.map(({ usd }) => nameUsd(usd)));
  const others = priced.filter(({ usd }) => !names.has(nameUsd(usd)));
  return [...new Map(others.map((one) => [`${one.noun} ${nameUsd(one.usd)}`, one])).values()];
}
