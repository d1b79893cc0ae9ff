import type { SweepDefinition } from '../../schemas/definition';
import type { SpendRecord } from '../../contracts/results';
import type { ReportFiles } from '../../app/results/report-files';
import type { Ink } from './ink';
import { formatUsd } from './numbers';
import { countOf, wrap } from './text';

export interface Spending {
  readonly spend: SpendRecord | undefined;
  readonly definition: Pick<SweepDefinition, 'spendLimitUsd'>;
  readonly parts: ReportFiles['parts'];
}

/** List price of each best split's rows. */
function listPrices(parts: ReportFiles['parts']): number[] {
  return parts.flatMap(({ analysis: { budgets, cells } }) =>
    budgets
      .filter(({ noWinner }) => noWinner !== 'missing-split')
      .flatMap((best) =>
        cells
          .filter(({ budget, sftFraction }) => budget === best.budget && sftFraction === best.sftFraction)
          .map(({ annotationUsd }) => annotationUsd),
      ),
  );
}

function rangeOf(prices: readonly number[]): string {
  const [low, high] = [Math.min(...prices), Math.max(...prices)].map(formatUsd);
  return low === high ? `${low}` : `${low} to ${high}`;
}

/** What the run paid, the list price of the best split's rows, and what the spend limit skipped. */
export function renderSpend({ spend, definition, parts }: Spending, ink: Ink): string[] {
  if (spend === undefined) return [];
  const prices = listPrices(parts);
  const nothing = spend.usd === 0 ? ' Rows that earlier runs bought cost it nothing.' : '';
  const answer =
    prices.length === 0
      ? ''
      : ` At list price, the rows of a best split cost ${rangeOf(prices)} if bought alone.`;
  const lines = wrap(`This run paid ${formatUsd(spend.usd)} for annotation.${nothing}${answer}`);
  const { spendLimitUsd } = definition;
  if (spend.skipped.length === 0 || spendLimitUsd === undefined) return [...lines, ''];
  const stopped = `Stopped at the spend limit of ${formatUsd(spendLimitUsd)}: ${countOf(spend.skipped.length, 'cell, control or test', 'cells, controls and tests')} skipped.`;
  return [...lines, ...wrap(stopped).map(ink.doubtful), ''];
}
