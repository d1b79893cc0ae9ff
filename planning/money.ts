import type { PairSpec, Prices } from '../contracts/definition';
import type { PlannedStage } from '../contracts/stage';

/**
 * Share of scanned prompts that give an own-correct × own-wrong pair, for estimates before anything has run; the real
 * figure is in the stage's stats. Measured .35–.4 with four candidates on the embedded default.
 */
export const expectedPairYield = 0.4;

/** What annotation is paid for. */
export interface Purchase {
  readonly demonstrations: number;
  readonly pairs: number;
  readonly checkerCalls: number;
}

/** US dollars for bought rows. */
export function annotationUsd(prices: Prices, { demonstrations, pairs, checkerCalls }: Purchase): number {
  return (
    demonstrations * prices.sftExample + pairs * prices.preferencePair + checkerCalls * prices.checkerCall
  );
}

/** Checker calls that so many pairs are expected to take: one a sample. */
export function expectedCheckerCalls(pairs: number, spec: PairSpec): number {
  return Math.ceil(pairs / expectedPairYield) * spec.candidates;
}

/** One cell's purchase, as if it were bought alone. */
export function purchaseOf(demonstrations: number, pairs: number, spec: PairSpec): Purchase {
  return { demonstrations, pairs, checkerCalls: expectedCheckerCalls(pairs, spec) };
}

/**
 * What a set of stages buys when every row is bought once: demonstrations of one seed axis nest, and so do pairs of
 * one reference, so of each the largest count is bought.
 */
export function uniquePurchase(stages: readonly PlannedStage[], pairSpec: PairSpec): Purchase {
  const largest = { demonstrations: new Map<string, number>(), pairs: new Map<string, number>() };
  for (const stage of stages) {
    if (!isPurchase(stage)) continue;
    const { spec } = stage;
    const axis = spec.what === 'pairs' ? `${spec.poolSeed}-${spec.seed}` : String(spec.poolSeed);
    const counts = largest[spec.what];
    counts.set(axis, Math.max(counts.get(axis) ?? 0, spec.rows));
  }
  const total = (counts: Map<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);
  return purchaseOf(total(largest.demonstrations), total(largest.pairs), pairSpec);
}

function isPurchase(stage: PlannedStage): stage is PlannedStage<'synthesizeData'> {
  return stage.kind === 'synthesizeData';
}
