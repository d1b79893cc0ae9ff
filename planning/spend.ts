import type { Prices } from '../contracts/definition';
import { onceEach, type PlannedStage, type StageResult } from '../contracts/stage';
import { nestOf, rowPrice } from './money';

/** A data stage and what it left. */
export interface Bought extends Pick<StageResult, 'key' | 'cached' | 'cost' | 'metrics'> {
  readonly stage: PlannedStage<'synthesizeData'>;
}

/** What the annotator itself was paid, where it keeps a bill; else the rows that no smaller set already held. */
function rowsUsd(prices: Prices, sets: readonly Bought[]): number {
  const bill = ({ cached, metrics }: Bought): number => (cached ? 0 : (metrics['annotatorUsd'] ?? 0));
  if (sets.some(({ metrics }) => 'annotatorUsd' in metrics))
    return sets.reduce((sum, set) => sum + bill(set), 0);
  const most = (cached: boolean): number =>
    Math.max(0, ...sets.filter((set) => set.cached === cached).map(({ stage }) => stage.spec.rows));
  return Math.max(0, most(false) - most(true)) * rowPrice(prices, sets[0]!.stage.spec.what);
}

/**
 * US dollars that data stages really cost. Rows that nest are paid for once, those from the store not at all, whoever
 * finds there what another cell has just bought; a checker is paid for every call that was made.
 */
export function spentUsd(prices: Prices, bought: readonly Bought[]): number {
  const nests = new Map<string, Bought[]>();
  for (const one of onceEach(bought)) {
    const nest = nestOf(one.stage);
    nests.set(nest, [...(nests.get(nest) ?? []), one]);
  }
  return [...nests.values()].reduce((sum, sets) => {
    const calls = sets.reduce((total, { cost }) => total + cost.checkerCalls, 0);
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
    return stage === undefined ? [] : [{ ...result, stage }];
  });
}
