import type { BudgetAnalysis, CellAnalysis, Estimate, SweepAnalysis } from '../../contracts/analysis';
import type { Figure } from '../figures/render';
import { formatCount, formatFraction, formatScore, formatShare, formatUsd } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { orderedCells } from './order';
import { figureBlock, section, table, type Column } from './parts';

const number = (title: string): Column => ({ title, number: true });

/** "0.854 to 0.902", or a dash where nothing says how sure the figure is. */
export function intervalOf({ low, high }: Estimate): string {
  return low === null || high === null ? '–' : `${formatScore(low)} to ${formatScore(high)}`;
}

const fractionList = (fractions: readonly number[]): string => fractions.map(formatFraction).join(', ');

function budgetRow(budget: BudgetAnalysis): (string | number)[] {
  return [
    formatCount(budget.budget),
    formatFraction(budget.sftFraction),
    `${formatCount(budget.sftRows)} + ${formatCount(budget.pairRows)}`,
    formatScore(budget.score.estimate),
    intervalOf(budget.score),
    budget.beatsBase === null ? 'not known' : budget.beatsBase ? 'yes' : 'not clearly',
    fractionList(budget.indistinguishable),
    budget.probabilityBest === null ? '–' : formatShare(budget.probabilityBest, 0),
  ];
}

/** The best split of each budget, and how sure that is. */
export async function scoresSection(
  { analysis }: ReportInput,
  figures: readonly Figure[],
  metric: string,
): Promise<Html> {
  const base = formatScore(analysis.base.score.estimate);
  const captions = [
    `Points are means over the test items, bars their 95 % intervals, set a little aside of each other; a ring marks the best of each budget. The dotted line is the base model, ${base}.`,
    'The framed, starred cell is the best of its budget.',
  ];
  const pictures = await Promise.all(
    figures.map((figure, index) => figureBlock(figure, captions[index] ?? '')),
  );
  const best = table({
    caption: 'The best split of each budget',
    columns: [
      number('Budget'),
      number('Best r'),
      number('SFT + pairs'),
      number(metric),
      { title: '95 % interval' },
      { title: 'Above the base' },
      { title: 'Fractions not told apart' },
      number('Probability best'),
    ],
    rows: analysis.budgets.map((budget) => ({ cells: budgetRow(budget) })),
  });
  return section({ id: 'scores', title: 'Which split to buy' }, best, ...pictures);
}

const styleColumns = [
  number('Format'),
  number('Rambles'),
  number('No end'),
  number('Repeats'),
  number('Tokens'),
];

function styleCells({ style }: Pick<CellAnalysis, 'style'>): string[] {
  const rates = [style.formatRate, style.ramblingRate, style.noEosRate, style.repetitionRate];
  return [...rates.map((rate) => formatShare(rate)), style.meanTokens.toFixed(1)];
}

const scoresBySeed = ({ seeds }: CellAnalysis): string =>
  seeds.map(({ seed, score }) => `${seed.toString()}: ${formatScore(score)}`).join(', ');

function cellRow(analysis: SweepAnalysis, cell: CellAnalysis): { cells: string[]; best: boolean } {
  const best = analysis.budgets.some(
    ({ budget, sftFraction }) => budget === cell.budget && sftFraction === cell.sftFraction,
  );
  return {
    best,
    cells: [
      formatCount(cell.budget),
      formatFraction(cell.sftFraction),
      `${formatCount(cell.sftRows)} + ${formatCount(cell.pairRows)}`,
      `${best ? '★ ' : ''}${formatScore(cell.score.estimate)}`,
      intervalOf(cell.score),
      ...(analysis.seeds.length > 1 ? [scoresBySeed(cell)] : []),
      ...styleCells(cell),
      formatUsd(cell.annotationUsd),
    ],
  };
}

function baseRow({ base, seeds }: SweepAnalysis): string[] {
  const scores = [formatScore(base.score.estimate), intervalOf(base.score)];
  if (seeds.length > 1) scores.push('–');
  return ['base', '–', '0 + 0', ...scores, ...styleCells(base), formatUsd(0)];
}

function holesTable({ holes }: SweepAnalysis): Html {
  if (holes.length === 0) return html``;
  return table({
    caption: 'Cells that did not finish, and why',
    columns: [
      number('Budget'),
      number('r'),
      number('Seed'),
      { title: 'Code' },
      { title: 'Reason', text: true },
    ],
    rows: holes.map((hole) => ({
      cells: [formatCount(hole.budget), formatFraction(hole.sftFraction), hole.seed, hole.code, hole.message],
    })),
  });
}

/** Scores by name that a task gives besides the one that counts, e.g. strict and flexible extraction. */
function furtherScores({ result }: ReportInput): Html {
  const names = Object.keys(result.base.scores).sort();
  if (names.length === 0) return html``;
  const cellsOf = (scores: Readonly<Record<string, number>>): string[] =>
    names.map((name) => (scores[name] === undefined ? '–' : formatScore(scores[name])));
  const scores = table({
    caption: 'Scores by name, besides the one that counts',
    columns: [number('Budget'), number('r'), number('Seed'), ...names.map(number)],
    rows: [
      { cells: ['base', '–', '–', ...cellsOf(result.base.scores)] },
      ...orderedCells(result).map(({ cell, evaluation }) => ({
        cells: [
          formatCount(cell.budget),
          formatFraction(cell.sftFraction),
          cell.seed,
          ...cellsOf(evaluation.scores),
        ],
      })),
    ],
  });
  return html`<details>
    <summary>Further scores of every cell</summary>
    ${scores}
  </details>`;
}

/** Every cell with its interval and style; then the holes. */
export function cellsSection(input: ReportInput, metric: string): Html {
  const { analysis } = input;
  const columns = [
    number('Budget'),
    number('r'),
    number('SFT + pairs'),
    number(metric),
    { title: '95 % interval' },
    ...(analysis.seeds.length > 1 ? [{ title: 'By seed' }] : []),
    ...styleColumns,
    number('Cost'),
  ];
  const rows = [{ cells: baseRow(analysis) }, ...analysis.cells.map((cell) => cellRow(analysis, cell))];
  const all = table({
    caption:
      'All cells and the base model; a star marks the best of each budget. Shares of answers that keep the format, ramble and have no end; mean repetition and tokens; price of the rows',
    columns,
    rows,
  });
  const notes = [analysis.intervals.label, ...analysis.notes].map((note) => html`<li>${note}</li>`);
  const list =
    notes.length === 0
      ? html``
      : html`<ul>
          ${notes}
        </ul>`;
  return section({ id: 'cells', title: 'All cells' }, all, list, furtherScores(input), holesTable(analysis));
}
