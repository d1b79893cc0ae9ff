import type { PriceRatio, PriceSensitivity, PriceSwitch } from '../contracts/analysis/money';
import type { Group } from './grid';
import type { Inference } from './inference';
import { resampleScores, tie } from './regions';
import { quantile } from './special';

const [lowestRatio, highestRatio] = [0.5, 10];
const steps = 48;

/** Ratios of the price of a demonstration to that of a pair, evenly on a log scale, and round ones. */
function ratiosFor({ own, most = Infinity }: PriceRatio = { own: 1 }): number[] {
  const low = Math.min(lowestRatio, own);
  const high = Math.min(most, Math.max(highestRatio, own));
  const even = Array.from({ length: steps + 1 }, (_, i) => low * (high / low) ** (i / steps));
  const all = [own, lowestRatio, 1, 2, 5, highestRatio, ...even].filter((ratio) => ratio <= high + tie);
  const isFirst = (ratio: number, at: number): boolean =>
    all.findIndex((one) => Math.abs(one - ratio) <= tie) === at;
  return all.filter(isFirst).sort((a, b) => a - b);
}

/** The measured budgets of one SFT share. */
interface Ladder {
  readonly fraction: number;
  readonly groups: readonly Group[];
}

/** A score between two measured budgets of an SFT share, linear in the logarithm of the rows. */
type Place = readonly { readonly group: Group; readonly weight: number }[];

/** Rows of a budget, whatever its unit. */
const rowsOf = ({ sftRows, pairRows }: Group): number => sftRows + pairRows;

function laddersOf(groups: readonly Group[]): Ladder[] {
  const byFraction = new Map<number, Group[]>();
  for (const group of groups)
    byFraction.set(group.sftFraction, [...(byFraction.get(group.sftFraction) ?? []), group]);
  return [...byFraction].map(([fraction, list]) => ({
    fraction,
    groups: list.sort((a, b) => rowsOf(a) - rowsOf(b)),
  }));
}

/** The place of a number of rows between the measured budgets of an SFT share. Null: outside of them. */
function placeOf({ groups }: Ladder, rows: number): Place | null {
  const above = groups.findIndex((group) => rowsOf(group) >= rows * (1 - tie));
  const to = groups[above];
  if (to === undefined) return null;
  if (Math.abs(rowsOf(to) - rows) <= rows * tie) return [{ group: to, weight: 1 }];
  const from = groups[above - 1];
  if (from === undefined) return null;
  const weight = Math.log(rows / rowsOf(from)) / Math.log(rowsOf(to) / rowsOf(from));
  return [
    { group: from, weight: 1 - weight },
    { group: to, weight },
  ];
}

/** Rows that an amount of money, in prices of a pair, buys at an SFT share. */
const rowsFor = (money: number, fraction: number, ratio: number): number =>
  money / (ratio * fraction + 1 - fraction);

/** The curves of one amount of money. */
class Purchase {
  constructor(
    private readonly inference: Inference,
    private readonly ladders: readonly Ladder[],
    readonly money: number,
    readonly ratios: readonly number[],
  ) {}

  place(fraction: number, ratio: number): Place | null {
    const ladder = this.ladders.find((one) => one.fraction === fraction);
    return ladder === undefined ? null : placeOf(ladder, rowsFor(this.money, fraction, ratio));
  }

  score(fraction: number, ratio: number): number | null {
    const place = this.place(fraction, ratio);
    if (place === null) return null;
    return place.reduce((sum, { group, weight }) => sum + weight * this.inference.measure(group).estimate, 0);
  }

  /** Scores of the SFT shares whose purchase is between measured budgets. */
  at(ratio: number): { fraction: number; score: number }[] {
    return this.ladders.flatMap(({ fraction }) => {
      const score = this.score(fraction, ratio);
      return score === null ? [] : [{ fraction, score }];
    });
  }
}

/** The best SFT share; on ties the smallest. */
function winnerOf(scores: readonly { fraction: number; score: number }[]): number {
  const top = Math.max(...scores.map(({ score }) => score));
  return Math.min(...scores.filter(({ score }) => score >= top - tie).map(({ fraction }) => fraction));
}

/** The ratio at which the lead becomes positive, by bisection. */
function crossing(lead: (ratio: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let step = 0; step < 30; step++) {
    const middle = Math.sqrt(low * high);
    if (lead(middle) > 0) high = middle;
    else low = middle;
  }
  return Math.sqrt(low * high);
}

interface Switchover {
  readonly from: number;
  readonly to: number;
}

/**
 * The 95% interval of a switch: in each joint resample, the part of the common range in which the first SFT share leads
 * gives the ratio at which the second takes over. A bound at the end of the range means "there or outside".
 */
function boundSwitch(
  purchase: Purchase,
  switchover: Switchover,
  resamples: ReadonlyMap<string, Float64Array>,
): { low: number; high: number } | null {
  const places = purchase.ratios.flatMap((ratio) => {
    const [a, b] = [purchase.place(switchover.from, ratio), purchase.place(switchover.to, ratio)];
    return a === null || b === null ? [] : [{ ratio, a, b }];
  });
  const count = [...resamples.values()][0]?.length ?? 0;
  if (count === 0 || places.length < 2) return null;
  const [first, last] = [places[0]!.ratio, places[places.length - 1]!.ratio];
  const inDraw = (place: Place, d: number): number =>
    place.reduce((sum, { group, weight }) => sum + weight * resamples.get(group.key)![d]!, 0);
  const points = new Float64Array(count);
  for (let d = 0; d < count; d++) {
    const leads = places.filter(({ a, b }) => inDraw(a, d) > inDraw(b, d)).length;
    points[d] = first * (last / first) ** (leads / places.length);
  }
  return { low: quantile(points, 0.025), high: quantile(points, 0.975) };
}

function switchAt(
  purchase: Purchase,
  switchover: Switchover & { readonly before: number; readonly after: number },
  resamples: ReadonlyMap<string, Float64Array> | null,
): PriceSwitch {
  const { from, to, before, after } = switchover;
  const lead = (ratio: number): number =>
    (purchase.score(to, ratio) ?? 0) - (purchase.score(from, ratio) ?? 0);
  const bounds = resamples && boundSwitch(purchase, switchover, resamples);
  return {
    fromFraction: from,
    toFraction: to,
    ratio: crossing(lead, before, after),
    low: bounds?.low ?? null,
    high: bounds?.high ?? null,
  };
}

type Curve = PriceSensitivity['curve'];

/** Neighbouring ratios between which the best SFT share changes. */
function switchoversOf(curve: Curve): (Switchover & { before: number; after: number })[] {
  return curve.slice(1).flatMap((point, i) => {
    const last = curve[i]!;
    return last.best === null || point.best === null || last.best === point.best
      ? []
      : [{ from: last.best, to: point.best, before: last.ratio, after: point.ratio }];
  });
}

function drawCurve(purchase: Purchase, count: number): Curve {
  return purchase.ratios.map((ratio) => {
    const scores = purchase.at(ratio);
    return { ratio, scores, best: scores.length === count ? winnerOf(scores) : null };
  });
}

/**
 * The best SFT share for an amount of money, by the price of a demonstration in pairs. The amounts are the costs of the
 * measured budgets in pairs. Scores between measured budgets of an SFT share are interpolated in the logarithm of the
 * rows, never extrapolated. A best one is named only where all are measured.
 */
export function analyzePrices(inference: Inference, priceRatio?: PriceRatio): PriceSensitivity[] {
  const { groups } = inference.grid;
  const all = laddersOf(groups);
  const ladders = all.filter((ladder) => ladder.groups.length > 1);
  const skipped = all.filter((ladder) => !ladders.includes(ladder)).map(({ fraction }) => fraction);
  if (ladders.length < 2) return [];
  const drawn = resampleScores(inference, groups);
  const resamples = drawn && new Map(groups.map((group, i) => [group.key, drawn[i]!]));
  const ratios = ratiosFor(priceRatio);
  const own = priceRatio?.own;
  const amounts = [...new Set(groups.map(({ budget }) => budget))].sort((a, b) => a - b);
  return amounts.flatMap((money) => {
    const purchase = new Purchase(inference, ladders, money, ratios);
    const curve = drawCurve(purchase, ladders.length);
    const compared = curve.filter(({ best }) => best !== null).map(({ ratio }) => ratio);
    const [from, to] = [compared[0], compared[compared.length - 1]];
    if (from === undefined || to === undefined || from === to) return [];
    const switches = switchoversOf(curve).map((switchover) => switchAt(purchase, switchover, resamples));
    return [{ money, own, from, to, skipped, switches, curve }];
  });
}
