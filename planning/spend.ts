import { zeroCost, uniqueResults, type PlannedStage, type StageResult } from '../contracts/stage';
import { distinctRows, makesRows, nestOf, type RowsStage } from './money';

/** A stage with what its result says of its cost. */
export interface PaidStage extends Pick<
  StageResult,
  'key' | 'cached' | 'cost' | 'metrics' | 'newVerifierCalls'
> {
  readonly stage: PlannedStage;
}

type PaidRows = PaidStage & { readonly stage: RowsStage };

const madeRows = (paid: PaidStage): paid is PaidRows => makesRows(paid.stage);

/** The reported bill of an annotator or judge; 0 for a cached stage, which an earlier run paid for. */
const billOf = ({ cached, metrics }: PaidStage): number => (cached ? 0 : (metrics['annotatorUsd'] ?? 0));

const billsOf = (paid: readonly PaidStage[]): number => paid.reduce((sum, one) => sum + billOf(one), 0);

/** The annotator's reported bill; without one, the list price of the rows that no cached set holds. */
function rowsUsd(sets: readonly PaidRows[]): number {
  if (sets.some(({ metrics }) => 'annotatorUsd' in metrics)) return billsOf(sets);
  const count = (those: readonly PaidRows[]): number => distinctRows(those.map(({ stage }) => stage.rows));
  const bought = count(sets) - count(sets.filter(({ cached }) => cached));
  return bought * sets[0]!.stage.rows.usd;
}

/**
 * Actual US dollars for data and judges. Nested rows cost once, cached rows nothing; every new verifier call costs.
 */
export function spentUsd(paid: readonly PaidStage[]): number {
  const distinct = uniqueResults(paid);
  const nests = new Map<string, PaidRows[]>();
  for (const one of distinct.filter(madeRows)) {
    const nest = nestOf(one.stage);
    nests.set(nest, [...(nests.get(nest) ?? []), one]);
  }
  const judged = billsOf(distinct.filter((one) => !madeRows(one)));
  return [...nests.values()].reduce((sum, sets) => {
    const calls = sets.reduce(
      (total, { cost, newVerifierCalls = cost.verifierCalls }) => total + newVerifierCalls,
      0,
    );
    return sum + rowsUsd(sets) + calls * sets[0]!.stage.rows.sampleUsd;
  }, judged);
}

/** Stages that were paid for elsewhere, as if cached. */
export function paidBefore(stages: readonly PlannedStage[]): PaidStage[] {
  const cached = { cached: true, cost: zeroCost, metrics: {} };
  return stages.map((stage) => ({ stage, key: stage.key, ...cached }));
}

/** Joins stage results with their plans. */
export function paidStagesOf(stages: readonly PlannedStage[], results: readonly StageResult[]): PaidStage[] {
  const plans = new Map(stages.map((stage) => [stage.key, stage]));
  return results.flatMap((result) => {
    const stage = plans.get(result.key);
    return stage === undefined ? [] : [{ ...result, stage }];
  });
}
