import { distinguish } from '../../analysis';
import type { BudgetAnalysis } from '../../contracts/analysis/splits';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { nameWinner } from '../../report/words';
import type { Ink } from './ink';
import { formatBudget, formatEstimate, formatProbability } from './numbers';
import { renderTable, type TableCell } from './table';

function winnerCells({ unit }: SubjectAnalysis, budget: BudgetAnalysis): string[] {
  const { probabilityBest } = budget;
  const place = [formatBudget(budget.budget, unit), nameWinner(budget)];
  if (budget.noWinner === 'missing-split') return [...place, '', ''];
  return [
    ...place,
    formatEstimate(budget.score),
    probabilityBest === null ? '' : formatProbability(probabilityBest),
  ];
}

/** The best splits for each combination of axis values. */
export function renderWinners(analyses: readonly SubjectAnalysis[], ink: Ink): string[] {
  const { names, rows } = distinguish(analyses);
  const columns = [...names, 'budget', 'best SFT share', 'score', 'P(best)'];
  const cells = analyses.flatMap((analysis, index) =>
    analysis.budgets.map((budget): TableCell[] =>
      [...rows[index]!, ...winnerCells(analysis, budget)].map((text) => ({ text })),
    ),
  );
  const table = renderTable({
    columns: columns.map((title) => ({ title, right: title === 'budget' })),
    rows: cells,
    head: ink.faint,
  });
  return [ink.strong('Best split for each combination of axis values'), ...table];
}
