import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { Resolved } from '../contracts/resolved';
import { BudgetlineError } from '../contracts/failures';
import { nameUsd } from '../contracts/money';
import type { Split } from './counts';
import { evaluationFlops, pairFlops, sftRowFlops } from './flops';
import { expectedVerifierCalls } from './money';

/** US dollars that a row takes out of a money budget, and what every cell pays first. */
export interface UnitCosts {
  readonly sft: number;
  readonly pair: number;
  readonly fixed: number;
}

/** Pairs over which a pair's checker calls are averaged: their number is rounded up for any one purchase. */
const manyPairs = 10_000;

type Priced = Resolved<ExperimentDefinition | SweepDefinition>;

/** US dollars of the compute behind a row and an evaluation; nothing unless a price of compute puts it inside the budget. */
function computeCosts({ definition, model }: Priced): UnitCosts {
  const { exaflop } = definition.prices;
  if (exaflop === undefined) return { sft: 0, pair: 0, fixed: 0 };
  const { parameters } = model;
  if (parameters === undefined)
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `prices.exaflop puts compute inside the budget; how many weights ${model.name} has is not known.`,
      {
        remedy: 'Use a folder with safetensors, or leave prices.exaflop out.',
        details: { field: 'prices.exaflop' },
      },
    );
  const price = exaflop / 1e18;
  return {
    sft: sftRowFlops(definition, parameters) * price,
    pair: pairFlops(definition, parameters) * price,
    fixed: evaluationFlops(definition, parameters) * price,
  };
}

/** p of each kind of row, a pair's with the checker calls that it is expected to take, and what evaluating is said to cost. */
export function annotationCosts({
  prices,
  pairs,
}: Pick<Priced['definition'], 'prices' | 'pairs'>): UnitCosts {
  const checks = (expectedVerifierCalls(manyPairs, pairs) / manyPairs) * prices.verifierCall;
  return { sft: prices.sftExample, pair: prices.preferencePair + checks, fixed: prices.evaluation ?? 0 };
}

/** p + c of each kind of row, and F. */
export function unitCosts(resolved: Priced): UnitCosts {
  const annotation = annotationCosts(resolved.definition);
  const compute = computeCosts(resolved);
  return {
    sft: annotation.sft + compute.sft,
    pair: annotation.pair + compute.pair,
    fixed: annotation.fixed + compute.fixed,
  };
}

/** Share of the rows that are demonstrations where so large a share of the money is; up to a row, whatever the budget. */
export function rowShareOf(sftSpendFraction: number, { sft, pair }: UnitCosts): number {
  if (sftSpendFraction === 0 || sftSpendFraction === 1) return sftSpendFraction;
  const [demonstrations, pairs] = [sftSpendFraction / sft, (1 - sftSpendFraction) / pair];
  return Number((demonstrations / (demonstrations + pairs)).toFixed(4));
}

/** Rows, and of a money budget the US dollars that are left. */
export interface Bought extends Split {
  readonly remainderUsd?: number;
}

/** Rounds down, but not over what only the arithmetic of prices has lost. */
function wholeRows(usd: number, price: number): number {
  return usd <= 0 ? 0 : Math.floor(usd / price + 1e-9);
}

/**
 * What money buys: ⌊f (M − F) / (p_sft + c_sft)⌋ demonstrations and ⌊(1 − f)(M − F) / (p_pair + c_pair)⌋ pairs.
 *
 * @param spend money M in US dollars, and the share f of it that buys demonstrations
 * @throws BudgetlineError DEFINITION_INVALID where a row costs nothing, or nothing can be bought
 */
export function buyRows(
  { usd, sftSpendFraction }: NonNullable<ExperimentDefinition['spend']>,
  { sft, pair, fixed }: UnitCosts,
): Required<Bought> {
  const left = usd - fixed;
  const invalid = (message: string): BudgetlineError =>
    new BudgetlineError('DEFINITION_INVALID', message, { details: { field: 'budgets', usd, fixed } });
  if ((sftSpendFraction > 0 && sft === 0) || (sftSpendFraction < 1 && pair === 0))
    throw invalid('A budget in money needs prices above 0 for what it buys.');
  const sftRows = wholeRows(sftSpendFraction * left, sft);
  const pairRows = wholeRows((1 - sftSpendFraction) * left, pair);
  if (sftRows + pairRows === 0)
    throw invalid(
      `usd(${usd}) buys no row at a share of ${sftSpendFraction}; ${nameUsd(fixed)} of it goes into evaluation.`,
    );
  return { sftRows, pairRows, remainderUsd: Math.max(0, left - sftRows * sft - pairRows * pair) };
}
