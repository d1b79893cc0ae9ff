import type { Prices } from '../contracts/definition';
import type { PlannedStage, StageResult } from '../contracts/stage';
import { nestOf, rowPrice } from './money';

/** A data stage and what it left. */
export interface Bought {
  readonly stage: PlannedStage<'synthesizeData'>;
  readonly result: Pick<StageResult, 'cached' | 'cost' | 'metrics'>;
}

/** What the annotator itself was paid, where it keeps a bill; else the rows that no smaller set already held. */
function rowsUsd(prices: Prices, sets: readonly Bought[]): number {
  const billed = sets.reduce((sum, { result }) => sum + (result.metrics['annotatorUsd'] ?? 0), 0);
  if (sets.some(({ result }) => 'annotatorUsd' in result.metrics)) return billed;
  const most = (cached: boolean): number =>
    Math.max(0, ...sets.filter(({ result }) => result.cached === cached).map(({ stage }) => stage.spec.rows));
  return Math.max(0, most(false) - most(true)) * rowPrice(prices, sets[0]!.stage.spec.what);
}

/**
 * US dollars that data stages really cost. Rows that nest are paid for once, those from the store not at all; a checker
 * is paid for every call that was made.
 */
export function spentUsd(prices: Prices, bought: readonly Bought[]): number {
  const nests = new Map<string, Bought[]>();
  for (const one of new Map(bought.map((entry) => [entry.stage.key, entry])).values()) {
    const nest = nestOf(one.stage);
    nests.set(nest, [...(nests.get(nest) ?? []), one]);
  }
  return [...nests.values()].reduce((sum, sets) => {
    const calls = sets.reduce((total, { result }) => total + result.cost.checkerCalls, 0);
    return sum + rowsUsd(prices, sets) + calls * prices.checkerCall;
  }, 0);
}

/** Pairs the results of stages with their plans; stages that buy nothing are left out. */
export function boughtOf(stages: readonly PlannedStage[], results: readonly StageResult[]): Bought[] {
  const plans = new Map(
    stages.flatMap((stage) => (stage.kind === 'synthesizeData' ? [[stage.key, stage] as const] : [])),
  );
  return results.flatMap((result) => {
    const stage = plans.get(result.key);
    return stage === undefined ? [] : [{ stage, result }];
  });
}
