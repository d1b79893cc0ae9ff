import type { PairSpec, Prices } from '../schemas/definition';
import type { PlannedStage, SpecOf } from '../contracts/stage';
import { digestOf } from './digest';
import { inputDigests } from './stages/keys';

/**
 * Share of scanned prompts that give an policy-correct × policy-incorrect pair, for estimates before anything has run; the real
 * figure is in the stage's stats. Measured .35–.4 with four candidates on the embedded default.
 */
export const expectedPairYield = 0.4;

/** Half a millionth of a dollar: sums of prices are not exact. */
export const usdTolerance = 5e-7;

/** What annotation is paid for. */
export interface Purchase {
  readonly demonstrations: number;
  readonly pairs: number;
  readonly verifierCalls: number;
}

/** US dollars for bought rows. */
export function annotationUsd(prices: Prices, { demonstrations, pairs, verifierCalls }: Purchase): number {
  return (
    demonstrations * prices.sftExample + pairs * prices.preferencePair + verifierCalls * prices.verifierCall
  );
}

/** US dollars for one row; right samples cost what checking them costs, nobody writes or compares anything. */
export function rowPrice(prices: Prices, what: SpecOf<'synthesizeData'>['what']): number {
  return {
    demonstrations: prices.sftExample,
    'user-demonstrations': prices.sftExample,
    pairs: prices.preferencePair,
    'user-preferences': prices.preferencePair,
    'rejection-samples': 0,
  }[what];
}

/** Checker calls that so many pairs are expected to take: one a sample. */
export function expectedVerifierCalls(pairs: number, spec: PairSpec): number {
  return Math.ceil(pairs / expectedPairYield) * spec.candidates;
}

/** One cell's purchase, as if it were bought alone. */
export function purchaseOf(demonstrations: number, pairs: number, spec: PairSpec): Purchase {
  return { demonstrations, pairs, verifierCalls: expectedVerifierCalls(pairs, spec) };
}

/** Rows that nest: of one seed axis and annotator, or of one reference. Fewer of them are the first of more. */
export function nestOf({ spec, inputs }: PlannedStage<'synthesizeData'>): string {
  return digestOf([{ ...spec, rows: 0 }, inputDigests(inputs)]);
}

/**
 * What a set of stages buys when every row is bought once: of rows that nest, the largest count. Each stage that samples
 * has its samples checked, also where another one's rows begin with the same.
 */
export function uniquePurchase(stages: readonly PlannedStage[]): Purchase {
  const largest = new Map<string, PurchaseStage>();
  const distinct = new Map<string, PurchaseStage>();
  for (const stage of stages.filter(isPurchase)) {
    const nest = nestOf(stage);
    distinct.set(stage.key, stage);
    if ((largest.get(nest)?.spec.rows ?? 0) < stage.spec.rows) largest.set(nest, stage);
  }
  const sum = (set: ReadonlyMap<string, PurchaseStage>): Purchase =>
    [...set.values()].map(({ spec }) => purchaseOfStage(spec)).reduce(addPurchases, noPurchase);
  return { ...sum(largest), verifierCalls: sum(distinct).verifierCalls };
}

const noPurchase: Purchase = { demonstrations: 0, pairs: 0, verifierCalls: 0 };

function addPurchases(a: Purchase, b: Purchase): Purchase {
  return {
    demonstrations: a.demonstrations + b.demonstrations,
    pairs: a.pairs + b.pairs,
    verifierCalls: a.verifierCalls + b.verifierCalls,
  };
}

function purchaseOfStage(spec: SpecOf<'synthesizeData'>): Purchase {
  switch (spec.what) {
    case 'demonstrations':
    case 'user-demonstrations':
      return { ...noPurchase, demonstrations: spec.rows };
    case 'user-preferences':
      return { ...noPurchase, pairs: spec.rows };
    case 'pairs':
      return purchaseOf(0, spec.rows, spec.pairs);
    // Right samples cost what checking them costs; nobody writes or compares anything.
    case 'rejection-samples':
      return { ...purchaseOf(0, spec.rows, spec.pairs), pairs: 0 };
  }
}

type PurchaseStage = PlannedStage<'synthesizeData'>;

function isPurchase(stage: PlannedStage): stage is PurchaseStage {
  return stage.kind === 'synthesizeData';
}
