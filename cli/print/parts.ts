import type { BudgetAnalysis } from '../../contracts/analysis';
import { describeCoordinates } from '../../planning';
import type { ReportPart } from '../report-files';
import { renderBest } from './best';
import { renderControls } from './controls';
import type { Ink } from './ink';
import { formatBudget, formatEstimate, formatFraction } from './numbers';
import { metricOf, renderResults } from './results';
import { renderScores } from './scores';
import { renderTable, type TableCell } from './table';

type Parts = readonly [ReportPart, ...ReportPart[]];

/** The figures of one place on the axes, without what the report says besides. */
function renderPart({ coordinates, analysis }: ReportPart, ink: Ink): string[] {
  const blocks = [
    renderScores(analysis, metricOf(analysis.task), ink),
    renderBest(analysis, ink),
    ...(analysis.controls.length === 0 ? [] : [renderControls(analysis, ink)]),
  ];
  const title = ink.strong(`── ${describeCoordinates(coordinates)}`);
  return [title, ...blocks.flatMap((block) => ['', ...block]), ''];
}

function winnerRow({ coordinates, analysis }: ReportPart, budget: BudgetAnalysis): TableCell[] {
  const { probabilityBest } = budget;
  const texts = [
    ...Object.values(coordinates),
    formatBudget(budget.budget, analysis.unit),
    formatFraction(budget.sftFraction),
    formatEstimate(budget.score),
    probabilityBest === null ? '' : probabilityBest.toFixed(2),
  ];
  return texts.map((text) => ({ text }));
}

/** Whether the split to buy changes along the axes. */
function renderWinners(parts: Parts, ink: Ink): string[] {
  const [{ coordinates }] = parts;
  const columns = [...Object.keys(coordinates), 'budget', 'best r', 'score', 'P(best)'];
  const table = renderTable({
    columns: columns.map((title) => ({ title, right: title === 'budget' })),
    rows: parts.flatMap((part) => part.analysis.budgets.map((budget) => winnerRow(part, budget))),
    head: ink.faint,
  });
  return [ink.strong('Best split at every place on the axes'), ...table];
}

/** All that a finished sweep says; of a sweep with axes, place by place, and the winners side by side at the end. */
export function renderParts(parts: Parts, ink: Ink): string[] {
  const [only, ...others] = parts;
  if (others.length === 0 && Object.keys(only.coordinates).length === 0)
    return renderResults(only.analysis, ink);
  return [...parts.flatMap((part) => renderPart(part, ink)), ...renderWinners(parts, ink)];
}
