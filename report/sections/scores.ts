import type { BudgetUnit } from '../../schemas/definition';
import type { Estimate, StyleRates } from '../../contracts/analysis/estimate';
import type { BudgetAnalysis, CellAnalysis } from '../../contracts/analysis/splits';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { addSplit } from '../../contracts/text';
import { remedyOf } from '../../core/failures';
import type { FailureReason } from '../../contracts/results';
import type { Chart } from '../charts/render';
import {
  formatBudget,
  formatFraction,
  formatGain,
  formatInterval,
  formatScore,
  formatShare,
  formatSigned,
  formatUsd,
} from '../format';
import { html, type Html } from '../html';
import type { Chapter, ReportInput } from '../input';
import { nameWinner } from '../words';
import { orderedCells } from './order';
import { chapterHead, chartBlock, number, section, table } from './parts';
import { testTable } from './tests';

/** "0.854 to 0.902", or a dash without an interval. */
export function intervalOf({ low, high }: Estimate): string {
  return low === null || high === null ? '–' : formatInterval({ low, high });
}

/** A difference with its sign. */
export const signedOf = ({ estimate }: Estimate): string => formatGain(estimate);

const fractionList = (fractions: readonly number[]): string => fractions.map(formatFraction).join(', ');

/** The score on items that did not select the split: test items, or the held-out half of them. */
function unselectedCell({ heldOut, test, sftFraction }: BudgetAnalysis): string {
  if (test !== null) return formatScore(test.score.estimate);
  if (heldOut === null) return '–';
  const score = formatScore(heldOut.score.estimate);
  return heldOut.sftFraction === sftFraction
    ? score
    : `${score} (SFT share ${formatFraction(heldOut.sftFraction)})`;
}

function regionCell({ regions }: BudgetAnalysis): string {
  const [region] = regions;
  if (region === undefined) return '–';
  const open = region.settled?.unsettled.filter((fraction) => !region.fractions.includes(fraction)) ?? [];
  const more = open.length === 0 ? '' : `; possibly ${fractionList(open)}`;
  return fractionList(region.fractions) + more;
}

/** Difference from the base, on test items where these chose nothing, and whether it is significant. */
function baseCell({ overBase, test, beatsBase }: BudgetAnalysis): string {
  const difference = test?.aboveBase ?? overBase;
  if (difference === null) return '–';
  return (
    formatSigned(difference.estimate) +
    (beatsBase === false && (difference.high ?? 0) >= 0 ? ' (not significant)' : '')
  );
}

function budgetRow(budget: BudgetAnalysis, unit: BudgetUnit): (string | number)[] {
  const place = [formatBudget(budget.budget, unit), nameWinner(budget)];
  if (budget.noWinner === 'missing-split') return [...place, ...Array<string>(8).fill('–')];
  return [
    ...place,
    addSplit(budget),
    formatScore(budget.score.estimate),
    intervalOf(budget.score),
    unselectedCell(budget),
    baseCell(budget),
    budget.probabilityBest === null ? '–' : fractionList(budget.indistinguishable),
    budget.probabilityBest === null ? '–' : formatShare(budget.probabilityBest, 0),
    regionCell(budget),
  ];
}

function scoreCaption({ base, intervals, split }: SubjectAnalysis): string {
  const bars =
    intervals.basis === 'none'
      ? 'scores without intervals'
      : `means over the ${split === null ? '' : `${split} `}items, bars their 95% intervals`;
  const line =
    base === null ? '' : ` The dotted line is the base model, ${formatScore(base.score.estimate)}.`;
  return `Points are ${bars}, with a small offset; a ring marks the best of each budget.${line}`;
}

const unselectedLegend = ({ split }: SubjectAnalysis): string =>
  split === 'validation'
    ? 'Test items: the score on items that chose nothing;'
    : 'Held-out half: the score on the test items that did not select the split;';

/** The best split of each budget, with its uncertainty. */
export async function scoresSection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { analysis, metric } = chapter;
  const captions = [
    scoreCaption(analysis),
    'The framed, starred cell is the best of its budget; dashed frames are within 5% of it.',
  ];
  const drawn = await Promise.all(charts.map((chart, index) => chartBlock(chart, captions[index] ?? '')));
  const best = table({
    caption: 'The best split of each budget',
    columns: [
      number('Budget'),
      number('Best SFT share'),
      number('SFT + pairs'),
      number(metric),
      { title: '95% interval' },
      { title: analysis.split === 'validation' ? 'Test items' : 'Held-out half' },
      { title: 'Difference from base' },
      { title: 'Statistically tied', list: true },
      number('P(best)'),
      { title: 'Within 5%', list: true },
    ],
    rows: analysis.budgets.map((budget) => ({ cells: budgetRow(budget, analysis.unit) })),
  });
  const legend = html`<p class="lead">
    ${unselectedLegend(analysis)} the best score is biased upward on the items that selected it. Difference
    from base: not significant if its 95% interval includes 0. Within 5%: SFT shares that score at least 95%
    of the best, and those that possibly do.
  </p>`;
  return section(
    chapterHead(chapter, 'scores', 'Which split to buy'),
    best,
    legend,
    testTable(chapter),
    ...drawn,
  );
}

const styleColumns: readonly [keyof StyleRates, string][] = [
  ['wellFormedRate', 'Well-formed'],
  ['truncatedRate', 'Truncated'],
  ['noEosRate', 'No EOS'],
  ['repetitionRate', 'Repetition'],
  ['meanTokens', 'Mean tokens'],
];

/** Style columns that some row has. */
function knownStyles({ base, cells }: SubjectAnalysis): typeof styleColumns {
  const styles = [...(base === null ? [] : [base]), ...cells].map(({ style }) => style);
  return styleColumns.filter(([metric]) => styles.some((style) => style[metric] !== null));
}

function styleCells({ style }: Pick<CellAnalysis, 'style'>, columns: typeof styleColumns): string[] {
  return columns.map(([metric]) => {
    const value = style[metric];
    if (value === null) return '–';
    return metric === 'meanTokens' ? value.toFixed(1) : formatShare(value);
  });
}

const scoresBySeed = ({ seeds }: CellAnalysis): string =>
  seeds.map(({ seed, score }) => `${seed.toString()}: ${formatScore(score)}`).join(', ');

function cellRow(analysis: SubjectAnalysis, cell: CellAnalysis): { cells: string[]; best: boolean } {
  const best = analysis.budgets.some(
    ({ budget, sftFraction, noWinner }) =>
      noWinner === null && budget === cell.budget && sftFraction === cell.sftFraction,
  );
  return {
    best,
    cells: [
      formatBudget(cell.budget, analysis.unit),
      formatFraction(cell.sftFraction),
      addSplit(cell),
      `${best ? '★ ' : ''}${formatScore(cell.score.estimate)}`,
      intervalOf(cell.score),
      ...(analysis.seeds.length > 1 ? [scoresBySeed(cell)] : []),
      ...styleCells(cell, knownStyles(analysis)),
      formatUsd(cell.annotationUsd),
    ],
  };
}

function baseRow(analysis: SubjectAnalysis): { cells: string[] }[] {
  const { base, seeds } = analysis;
  if (base === null) return [];
  const scores = [formatScore(base.score.estimate), intervalOf(base.score)];
  if (seeds.length > 1) scores.push('–');
  const styles = styleCells(base, knownStyles(analysis));
  return [{ cells: ['base', '–', '0 + 0', ...scores, ...styles, formatUsd(0)] }];
}

/** Code, message and remedy, for tables of failures. */
export const reasonCells = ({ code, message, remedy }: FailureReason): string[] => [
  code,
  message,
  remedyOf({ code, remedy }),
];

function failedCellsTable({ failedCells, baseFailure, unit }: SubjectAnalysis): Html {
  if (failedCells.length === 0 && baseFailure === undefined) return html``;
  const base = baseFailure === undefined ? [] : [{ cells: ['base', '–', '–', ...reasonCells(baseFailure)] }];
  return table({
    caption: 'Cells that did not finish, with reason and remedy',
    columns: [
      number('Budget'),
      number('SFT share'),
      number('Seed'),
      { title: 'Code' },
      { title: 'Reason', text: true },
      { title: 'Remedy', text: true },
    ],
    rows: [
      ...base,
      ...failedCells.map((failedCell) => ({
        cells: [
          formatBudget(failedCell.budget, unit),
          formatFraction(failedCell.sftFraction),
          failedCell.seed,
          ...reasonCells(failedCell),
        ],
      })),
    ],
  });
}

/** Further scores of a task by name, such as strict and flexible extraction. */
export function furtherScores({ result }: Pick<ReportInput, 'result'>): Html {
  const cells = orderedCells(result);
  const scored = [
    ...(result.base === null ? [] : [result.base]),
    ...cells.map(({ evaluation }) => evaluation),
  ];
  const names = Object.keys(scored[0]?.scores ?? {}).sort();
  if (names.length === 0) return html``;
  const cellsOf = (scores: Readonly<Record<string, number>>): string[] =>
    names.map((name) => (scores[name] === undefined ? '–' : formatScore(scores[name])));
  const scores = table({
    caption: 'Further scores by name',
    columns: [number('Budget'), number('SFT share'), number('Seed'), ...names.map(number)],
    rows: [
      ...(result.base === null ? [] : [{ cells: ['base', '–', '–', ...cellsOf(result.base.scores)] }]),
      ...cells.map(({ cell, evaluation }) => ({
        cells: [
          formatBudget(cell.budget, cell.budgetUnit ?? 'rows'),
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

/** Every cell with its interval and style, then the failed cells. */
export function cellsSection(chapter: Chapter, ...further: readonly Html[]): Html {
  const { analysis, metric } = chapter;
  const columns = [
    number('Budget'),
    number('SFT share'),
    number('SFT + pairs'),
    number(metric),
    { title: '95% interval' },
    ...(analysis.seeds.length > 1 ? [{ title: 'By seed' }] : []),
    ...knownStyles(analysis).map(([, title]) => number(title)),
    number('Cost'),
  ];
  const rows = [...baseRow(analysis), ...analysis.cells.map((cell) => cellRow(analysis, cell))];
  const all = table({
    caption:
      'All cells and the base model; a star marks the best of each budget. Style rates as far as recorded: shares of answers that are well-formed, are truncated and have no end of sequence; mean repetition and length. Cost of the rows',
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
  return section(
    chapterHead(chapter, 'cells', 'All cells'),
    all,
    list,
    ...further,
    failedCellsTable(analysis),
  );
}
