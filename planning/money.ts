import type { PairSpec, Prices } from '../schemas/definition';
import type { PlannedStage, SpecOf } from '../contracts/stage';
import { digestOf } from './digest';
import { inputDigests } from './stages/keys';

/**
 * Assumed fraction of sampled prompts that give a pair of a correct and an incorrect sample; the actual one is in the
 * stage's stats. Measured 0.35–0.4 with four candidates on the embedded default.
 */
export const expectedPairYield = 0.4;

/** Half a millionth of a dollar, for floating-point error in sums of prices. */
export const usdTolerance = 5e-7;

/** Rows and verifier calls to pay for. */
export interface Purchase {
  readonly demonstrations: number;
  readonly pairs: number;
  readonly verifierCalls: number;
}

/** US dollars for a purchase. */
export function annotationUsd(prices: Prices, { demonstrations, pairs, verifierCalls }: Purchase): number {
  return (
    demonstrations * prices.sftExample + pairs * prices.preferencePair + verifierCalls * prices.verifierCall
  );
}

/** US dollars for one row. Rejection samples cost only their verifier calls. */
export function rowPrice(prices: Prices, what: SpecOf<'synthesizeData'>['what']): number {
  return {
    demonstrations: prices.sftExample,
    'user-demonstrations': prices.sftExample,
    pairs: prices.preferencePair,
    'user-preferences': prices.preferencePair,
    'rejection-samples': 0,
  }[what];
}

/** Expected verifier calls for a number of pairs, one per sample. */
export function expectedVerifierCalls(pairs: number, spec: PairSpec): number {
  return Math.ceil(pairs / expectedPairYield) * spec.candidates;
}

/** One cell's purchase, as if bought alone. */
export function purchaseOf(demonstrations: number, pairs: number, spec: PairSpec): Purchase {
  return { demonstrations, pairs, verifierCalls: expectedVerifierCalls(pairs, spec) };
}

/** Identifies nested rows (same seed and annotator, or same reference): a smaller set is the start of a larger one. */
export function nestOf({ spec, inputs }: PlannedStage<'synthesizeData'>): string {
  return digestOf([{ ...spec, rows: 0 }, inputDigests(inputs)]);
}

/**
 * The purchase of a set of stages when every row is bought once: of nested rows, the largest set. Verifier calls count
 * for every stage that samples, nested or not.
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
    case 'rejection-samples':
      return { ...purchaseOf(0, spec.rows, spec.pairs), pairs: 0 };
  }
}

type PurchaseStage = PlannedStage<'synthesizeData'>;

function isPurchase(stage: PlannedStage): stage is PurchaseStage {
  return stage.kind === 'synthesizeData';
}
