import type { Prices } from '../schemas/definition';
import { zeroCost, uniqueResults, type PlannedStage, type StageResult } from '../contracts/stage';
import { nestOf, rowPrice } from './money';

/** A stage that can cost money (data or evaluation) with its result. */
export interface PaidStage extends Pick<
  StageResult,
  'key' | 'cached' | 'cost' | 'metrics' | 'newVerifierCalls'
> {
  readonly stage: PlannedStage<'synthesizeData' | 'evaluate'>;
}

type PaidDataset = PaidStage & { readonly stage: PlannedStage<'synthesizeData'> };

const datasetsAmong = (paid: readonly PaidStage[]): PaidDataset[] =>
  paid.flatMap((one) => (one.stage.kind === 'synthesizeData' ? [{ ...one, stage: one.stage }] : []));

/** The reported bill of an annotator or judge; 0 for a cached stage, which an earlier run paid for. */
const billOf = ({ cached, metrics }: PaidStage): number => (cached ? 0 : (metrics['annotatorUsd'] ?? 0));

/** The annotator's reported bill; without one, the list price of the rows that no cached set holds. */
function rowsUsd(prices: Prices, sets: readonly PaidDataset[]): number {
  if (sets.some(({ metrics }) => 'annotatorUsd' in metrics))
    return sets.reduce((sum, set) => sum + billOf(set), 0);
  const most = (cached: boolean): number =>
    Math.max(0, ...sets.filter((set) => set.cached === cached).map(({ stage }) => stage.spec.rows));
  return Math.max(0, most(false) - most(true)) * rowPrice(prices, sets[0]!.stage.spec.what);
}

/**
 * Actual US dollars for data and judges. Nested rows cost once, cached rows nothing; every new verifier call costs.
 */
export function spentUsd(prices: Prices, paid: readonly PaidStage[]): number {
  const distinct = uniqueResults(paid);
  const nests = new Map<string, PaidDataset[]>();
  for (const one of datasetsAmong(distinct)) {
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

const isPaid = (stage: PlannedStage): stage is PaidStage['stage'] =>
  stage.kind === 'synthesizeData' || stage.kind === 'evaluate';

/** Stages that were paid for elsewhere, as if cached. */
export function paidBefore(stages: readonly PlannedStage[]): PaidStage[] {
  const cached = { cached: true, cost: zeroCost, metrics: {} };
  return stages.filter(isPaid).map((stage) => ({ stage, key: stage.key, ...cached }));
}

/** Joins stage results with their plans; stages that cost no money are left out. */
export function paidStagesOf(stages: readonly PlannedStage[], results: readonly StageResult[]): PaidStage[] {
  const plans = new Map(stages.filter(isPaid).map((stage) => [stage.key, stage]));
  return results.flatMap((result) => {
    const stage = plans.get(result.key);
    return stage === undefined ? [] : [{ ...result, stage }];
  });
}
