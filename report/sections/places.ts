import { distinguish } from '../../analysis';
import type { BudgetAnalysis } from '../../contracts/analysis/splits';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { formatBudget, formatFraction, formatScore, formatShare } from '../format';
import { html, type Html } from '../html';
import type { PlaceLink } from '../input';
import { nameWinner } from '../words';
import { intervalOf } from './scores';
import { type Content, section, table } from './parts';

function winnerCells({ unit }: SubjectAnalysis, budget: BudgetAnalysis): string[] {
  const { score, probabilityBest, indistinguishable } = budget;
  const place = [formatBudget(budget.budget, unit), nameWinner(budget)];
  if (budget.noWinner === 'missing-split') return [...place, '–', '–', '–', '–'];
  return [
    ...place,
    formatScore(score.estimate),
    intervalOf(score),
    probabilityBest === null ? '–' : indistinguishable.map(formatFraction).join(', '),
    probabilityBest === null ? '–' : formatShare(probabilityBest, 0),
  ];
}

const linked = (name: string, href: string | undefined): Content =>
  href === undefined ? name : html`<a href="${href}">${name}</a>`;

/** The best split at every place on the axes. Empty: no axes. */
export function placesSection(places: readonly PlaceLink[]): Html {
  const analyses = places.map(({ analysis }) => analysis);
  if (!analyses.some(({ axes }) => axes !== undefined)) return html``;
  const { names, rows } = distinguish(analyses);
  const columns = ['Budget', 'Best SFT share', 'Score', '95% interval', 'Statistically tied', 'P(best)'];
  const textual = ['95% interval', 'Statistically tied'];
  const winners = table({
    caption: 'The best split of each budget at every place on the axes',
    columns: [
      ...names.map((title) => ({ title })),
      ...columns.map((title) => ({ title, number: !textual.includes(title) })),
    ],
    rows: places.flatMap(({ analysis, href }, index) => {
      const [first = '', ...rest] = rows[index]!;
      return analysis.budgets.map((budget) => ({
        cells: [linked(first, href), ...rest, ...winnerCells(analysis, budget)],
        best: places.length > 1 && href === undefined,
      }));
    }),
  });
  return section({ id: 'places', title: 'Does the best split change along the axes?' }, winners);
}
