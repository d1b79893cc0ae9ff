import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { Resolved } from '../contracts/resolved';
import { BudgetlineError } from '../core/failures';
import { nameUsd } from '../core/money';
import type { Split } from './counts';
import { evaluationFlops, pairFlops, sftRowFlops } from './flops';
import { demonstrationPrice, pairPrice, rowUsd } from '../stages/synthesize-data/prices';

/** US dollars that rows cost a money budget. */
export interface UnitCosts {
  /** One demonstration. */
  readonly sft: number;
  /** One pair. */
  readonly pair: number;
  /** Paid first by every cell: its evaluation. */
  readonly fixed: number;
}

type Priced = Resolved<ExperimentDefinition | SweepDefinition>;

/** US dollars of compute for a row and an evaluation; 0 without `prices.exaflop`. */
export function computeCosts({ definition, model }: Priced): UnitCosts {
  const { exaflop } = definition.prices;
  if (exaflop === undefined) return { sft: 0, pair: 0, fixed: 0 };
  const { parameters } = model;
  if (parameters === undefined)
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `prices.exaflop puts compute inside the budget, but the number of parameters of ${model.name} is not known.`,
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

/** Annotation prices: p of each kind of row, the sum of its parts, and the evaluation's price. */
export const annotationCosts = (definition: Priced['definition']): UnitCosts => ({
  sft: rowUsd(demonstrationPrice(definition)),
  pair: rowUsd(pairPrice(definition)),
  fixed: definition.prices.evaluation ?? 0,
});

/** Annotation plus compute: p + c of each kind of row, and F. */
export function unitCosts(resolved: Priced): UnitCosts {
  const annotation = annotationCosts(resolved.definition);
  const compute = computeCosts(resolved);
  return {
    sft: annotation.sft + compute.sft,
    pair: annotation.pair + compute.pair,
    fixed: annotation.fixed + compute.fixed,
  };
}

/** The fraction of rows that are demonstrations at a fraction of the money; exact up to one row, for any budget. */
export function sftFractionOf(sftSpendFraction: number, { sft, pair }: UnitCosts): number {
  if (sftSpendFraction === 0 || sftSpendFraction === 1) return sftSpendFraction;
  const [demonstrations, pairs] = [sftSpendFraction / sft, (1 - sftSpendFraction) / pair];
  return Number((demonstrations / (demonstrations + pairs)).toFixed(4));
}

/** The rows that a budget buys. */
export interface BoughtRows extends Split {
  /** US dollars left of a money budget. */
  readonly remainderUsd?: number;
}

/** Rounds down, with a tolerance for floating-point error. */
function wholeRows(usd: number, price: number): number {
  return usd <= 0 ? 0 : Math.floor(usd / price + 1e-9);
}

/**
 * The rows that money buys: ⌊f (M − F) / (p_sft + c_sft)⌋ demonstrations and ⌊(1 − f)(M − F) / (p_pair + c_pair)⌋ pairs.
 *
 * @param spend money M in US dollars, and its fraction f for demonstrations
 * @throws BudgetlineError DEFINITION_INVALID where a row costs nothing, or no row can be bought
 */
export function buyRows(
  { usd, sftSpendFraction }: NonNullable<ExperimentDefinition['spend']>,
  { sft, pair, fixed }: UnitCosts,
): Required<BoughtRows> {
  const left = usd - fixed;
  const invalid = (message: string): BudgetlineError =>
    new BudgetlineError('DEFINITION_INVALID', message, { details: { field: 'budgets', usd, fixed } });
  if ((sftSpendFraction > 0 && sft === 0) || (sftSpendFraction < 1 && pair === 0))
    throw invalid('A budget in money needs prices above 0 for the rows that it buys.');
  const sftRows = wholeRows(sftSpendFraction * left, sft);
  const pairRows = wholeRows((1 - sftSpendFraction) * left, pair);
  if (sftRows + pairRows === 0)
    throw invalid(
      `usd(${usd}) buys no row at sftSpendFraction ${sftSpendFraction}; evaluation takes ${nameUsd(fixed)} of it.`,
    );
  return { sftRows, pairRows, remainderUsd: Math.max(0, left - sftRows * sft - pairRows * pair) };
}
