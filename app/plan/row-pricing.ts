import { canonicalJson } from '../../core/canonical-json';
import type { Coordinates } from '../../core/coordinates';
import { nameUsd } from '../../core/money';
import type { SweepDefinition } from '../../schemas/definition';
import type { PlannedStage } from '../../contracts/stage';
import { makesRows, type SweepPlan, variantsOf } from '../../planning';
import { demonstrationPrice, pairPrice, type RowPrice, rowUsd } from '../../stages';

/** What one kind of row costs, by parts, and where on the axes. */
export interface RowPricing {
  readonly row: 'demonstration' | 'pair';
  /** Values by axis. Left out are axes at all of whose values the row costs this. */
  readonly at: Readonly<Record<string, readonly string[]>>;
  readonly price: RowPrice;
  /** US dollars for one: the sum of the parts. */
  readonly usd: number;
}

/** Rows of a pipeline's call whose price is that of no row of the definition. */
export interface OtherPricing {
  /** "correct samples". */
  readonly noun: string;
  /** US dollars for one, with its samples. */
  readonly usd: number;
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** The axes that a price depends on, with the values that it has it at. */
function placeOf(places: readonly Coordinates[], all: readonly Coordinates[]): RowPricing['at'] {
  const labelsOf = (of: readonly Coordinates[], axis: string) => distinct(of.map((place) => place[axis]!));
  const axes = Object.keys(all[0] ?? {}).map((axis) => [axis, labelsOf(places, axis)] as const);
  return Object.fromEntries(axes.filter(([axis, labels]) => labels.length < labelsOf(all, axis).length));
}

const pricesOf = { demonstration: demonstrationPrice, pair: pairPrice } as const;

function pricingsOf(definition: SweepDefinition, row: RowPricing['row']): RowPricing[] {
  const variants = variantsOf(definition);
  const groups = new Map<string, { price: RowPrice; places: Coordinates[] }>();
  for (const { definition: place, coordinates } of variants) {
    const price = pricesOf[row](place);
    const group = groups.get(canonicalJson(price)) ?? { price, places: [] };
    group.places.push(coordinates);
    groups.set(canonicalJson(price), group);
  }
  const all = variants.map(({ coordinates }) => coordinates);
  return [...groups.values()].map(({ price, places }) => ({
    row,
    at: placeOf(places, all),
    price,
    usd: rowUsd(price),
  }));
}

/** What a demonstration and a pair of a sweep cost, by parts; only rows that it buys. */
export function pricingsIn(definition: SweepDefinition, { purchase }: SweepPlan): RowPricing[] {
  return [
    ...(purchase.demonstrations > 0 ? pricingsOf(definition, 'demonstration') : []),
    ...(purchase.pairs > 0 ? pricingsOf(definition, 'pair') : []),
  ];
}

/** Rows that cost something else: calls with settings of their own, correct samples, kinds of the user. */
export function otherPricings(stages: readonly PlannedStage[], known: readonly RowPricing[]): OtherPricing[] {
  const priced = stages.filter(makesRows).map(({ rows }) => {
    const { noun, usd, sampleUsd, verifierCalls, count } = rows;
    return { noun, usd: usd + (sampleUsd * verifierCalls) / Math.max(1, count) };
  });
  const names = new Set(known.map(({ usd }) => nameUsd(usd)));
  const others = priced.filter(({ usd }) => !names.has(nameUsd(usd)));
  return [...new Map(others.map((one) => [`${one.noun} ${nameUsd(one.usd)}`, one])).values()];
}
