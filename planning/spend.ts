import type { Prices } from '../schemas/definition';
import { zeroCost, uniqueResults, type PlannedStage, type StageResult } from '../contracts/stage';
import { nestOf, rowPrice } from './money';

/** A stage that buys rows or asks a judge, and what it left. */
export interface Bought extends Pick<
  StageResult,
  'key' | 'cached' | 'cost' | 'metrics' | 'newVerifierCalls'
> {
  readonly stage: PlannedStage<'synthesizeData' | 'evaluate'>;
}

type BoughtSet = Bought & { readonly stage: PlannedStage<'synthesizeData'> };

const setsAmong = (bought: readonly Bought[]): BoughtSet[] =>
  bought.flatMap((one) => (one.stage.kind === 'synthesizeData' ? [{ ...one, stage: one.stage }] : []));

/** What an annotator or judge that keeps a bill was paid; an earlier run paid for what was in the store. */
const billOf = ({ cached, metrics }: Bought): number => (cached ? 0 : (metrics['annotatorUsd'] ?? 0));

/** What the annotator itself was paid, where it keeps a bill; else the rows that no smaller set already held. */
function rowsUsd(prices: Prices, sets: readonly BoughtSet[]): number {
  if (sets.some(({ metrics }) => 'annotatorUsd' in metrics))
    return sets.reduce((sum, set) => sum + billOf(set), 0);
  const most = (cached: boolean): number =>
    Math.max(0, ...sets.filter((set) => set.cached === cached).map(({ stage }) => stage.spec.rows));
  return Math.max(0, most(false) - most(true)) * rowPrice(prices, sets[0]!.stage.spec.what);
}

/**
 * US dollars that data and judges really cost. Rows that nest are paid for once, those from the store not at all, whoever
 * finds there what another cell has just bought; a checker is paid once for every call that was made.
 */
export function spentUsd(prices: Prices, bought: readonly Bought[]): number {
  const distinct = uniqueResults(bought);
  const nests = new Map<string, BoughtSet[]>();
  for (const one of setsAmong(distinct)) {
    const nest = nestOf(one.stage);
    nests.set(nest, [...(nests.get(nest) ?? []), one]);
  }
  const judged = distinct
    .filter(({ stage }) => stage.kind === 'evaluate')
    .reduce((sum, one) => sum + billOf(one), 0);
  return [...nests.values()].reduce((sum, sets) => {
    const calls = sets.reduce(
      (total, { cost, newVerifierCalls = cost.verifierCalls }) => total + newVerifierCalls,
      0,
    );
    return sum + rowsUsd(prices, sets) + calls * prices.verifierCall;
  }, judged);
}

type BuyingStage = Bought['stage'];

const isBuying = (stage: PlannedStage): stage is BuyingStage =>
  stage.kind === 'synthesizeData' || stage.kind === 'evaluate';

/** Stages that were paid for elsewhere, as if the store had had them. */
export function boughtBefore(stages: readonly PlannedStage[]): Bought[] {
  const there = { cached: true, cost: zeroCost, metrics: {} };
  return stages.filter(isBuying).map((stage) => ({ stage, key: stage.key, ...there }));
}

/** Pairs the results of stages with their plans; stages that buy nothing are left out. */
export function boughtOf(stages: readonly PlannedStage[], results: readonly StageResult[]): Bought[] {
  const plans = new Map(stages.filter(isBuying).map((stage) => [stage.key, stage]));
  return results.flatMap((result) => {
    const stage = plans.get(result.key);
    return stage === undefined ? [] : [{ ...result, stage }];
  });
}
