import type { CellAnalysis } from '../../contracts/analysis/splits';
import type { FailedCellAnalysis, SubjectAnalysis } from '../../contracts/analysis/sweep';
import { remedyOf } from '../../core/failures';
import type { FailureReason } from '../../contracts/results';
import { sentenceCase } from '../../report/format';
import type { Ink } from './ink';
import { formatBounds, formatBudget, formatEstimate, formatFraction, formatScore } from './numbers';
import { renderTable, type TableCell } from './table';
import { wrap } from './text';

/** Columns for SFT shares that fit a page next to the budgets. */
const fractionsAcross = 6;

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

interface Grid {
  readonly analysis: SubjectAnalysis;
  readonly ink: Ink;
}

interface Place {
  readonly budget: number;
  readonly sftFraction: number;
}

const isAt =
  ({ budget, sftFraction }: Place) =>
  (place: Place): boolean =>
    place.budget === budget && place.sftFraction === sftFraction;

/** "*" the best of its budget, "~" statistically tied with the best, "†" a seed is missing. */
function markOf(cell: CellAnalysis, { analysis }: Grid): string {
  const best = analysis.budgets.find(({ budget }) => budget === cell.budget);
  const isBest = best?.noWinner === null && best.sftFraction === cell.sftFraction;
  const isTied = cell.distinguishable === false && (best?.noWinner === null || best?.noWinner === 'all-tied');
  const rank = isBest ? '*' : isTied ? '~' : ' ';
  return rank + (analysis.failedCells.some(isAt(cell)) ? '†' : '');
}

/** A code in two lines: DEVICE_OUT_OF_ / MEMORY. */
function splitCode(code: string): [string, string] {
  const parts = code.split('_');
  const half = Math.ceil(parts.length / 2);
  const rest = parts.slice(half).join('_');
  return rest === '' ? [code, ''] : [`${parts.slice(0, half).join('_')}_`, rest];
}

function scoreCells(cell: CellAnalysis, grid: Grid): [TableCell, TableCell] {
  const { ink } = grid;
  const mark = markOf(cell, grid);
  const text = `${formatScore(cell.score.estimate)} ${mark}`.trimEnd();
  const strong = mark.startsWith('*') ? { ink: (part: string) => ink.strong(ink.good(part)) } : {};
  return [
    { text, ...strong },
    { text: formatBounds(cell.score), ink: ink.faint },
  ];
}

function failureCells({ code }: FailedCellAnalysis, { ink }: Grid): [TableCell, TableCell] {
  const [first, second] = splitCode(code);
  return [
    { text: first, ink: ink.bad },
    { text: second, ink: ink.bad },
  ];
}

function cellsAt(place: Place, grid: Grid): [TableCell, TableCell] {
  const cell = grid.analysis.cells.find(isAt(place));
  if (cell !== undefined) return scoreCells(cell, grid);
  const failedCell = grid.analysis.failedCells.find(isAt(place));
  return failedCell === undefined ? [{ text: 'not run' }, { text: '' }] : failureCells(failedCell, grid);
}

function budgetRows(budget: number, fractions: readonly number[], grid: Grid): TableCell[][] {
  const places = fractions.map((sftFraction) => cellsAt({ budget, sftFraction }, grid));
  const upper = [
    { text: formatBudget(budget, grid.analysis.unit), ink: grid.ink.strong },
    ...places.map(([first]) => first),
  ];
  const lower = [{ text: '' }, ...places.map(([, second]) => second)];
  return lower.every(({ text }) => text === '') ? [upper] : [upper, lower];
}

function renderBlock(fractions: readonly number[], budgets: readonly number[], grid: Grid): string[] {
  const columns = ['budget', ...fractions.map((fraction) => `SFT ${formatFraction(fraction)}`)];
  return renderTable({
    columns: columns.map((title, index) => ({ title, right: index === 0 })),
    rows: budgets.flatMap((budget) => budgetRows(budget, fractions, grid)),
    head: grid.ink.faint,
  });
}

function legendOf({ analysis, ink }: Grid): string[] {
  const marks = ['* best of its budget'];
  if (analysis.cells.some(({ distinguishable }) => distinguishable === false))
    marks.push('~ statistically tied with the best');
  if (analysis.budgets.some(({ noWinner }) => noWinner !== null)) marks.push('no *: no split is named best');
  if (analysis.cells.some((cell) => analysis.failedCells.some(isAt(cell)))) marks.push('† a seed is missing');
  return [ink.faint(`  ${marks.join('   ')}`)];
}

function renderFailedCell(failedCell: FailedCellAnalysis, { analysis, ink }: Grid): string[] {
  const { budget, sftFraction, seed, code, message } = failedCell;
  const place = `SFT share ${formatFraction(sftFraction)} at ${formatBudget(budget, analysis.unit)}, seed ${seed}`;
  return wrap(`${place} failed: ${code}. ${message}`, { first: '  ! ' }).map((line) => ink.bad(line));
}

/** What to do about each failure code, without repetitions. */
function renderRemedies(reasons: readonly FailureReason[]): string[] {
  const advice = reasons.map((reason) => ({ ...reason, remedy: remedyOf(reason) }));
  const lines = advice.flatMap(({ code, remedy }) => (remedy === '' ? [] : [`${code}: ${remedy}`]));
  return distinct(lines).flatMap((line) => wrap(line, { first: '    ' }));
}

function renderBase({ base, baseFailure }: SubjectAnalysis, ink: Ink): string[] {
  if (base !== null) return [`  Base model: ${formatEstimate(base.score)}`];
  if (baseFailure === undefined) return [];
  const { code, message } = baseFailure;
  return wrap(`Base model failed: ${code}. ${message}`, { first: '  ! ' }).map(ink.bad);
}

/** Scores by budget and SFT share with intervals, the base model, and failed cells. */
export function renderScores(analysis: SubjectAnalysis, ink: Ink): string[] {
  const grid = { analysis, ink };
  const places = [...analysis.cells, ...analysis.failedCells];
  const budgets = distinct(places.map(({ budget }) => budget)).sort((a, b) => a - b);
  const fractions = distinct(places.map(({ sftFraction }) => sftFraction)).sort((a, b) => b - a);
  const blocks: string[] = [];
  for (let start = 0; start < fractions.length; start += fractionsAcross)
    blocks.push(...renderBlock(fractions.slice(start, start + fractionsAcross), budgets, grid));
  return [
    ink.strong(`${sentenceCase(analysis.metric)} by budget and SFT share`),
    ...blocks,
    ...legendOf(grid),
    ...renderBase(analysis, ink),
    ...wrap(analysis.intervals.label, { first: '  ' }).map((line) => ink.faint(line)),
    ...analysis.failedCells.flatMap((failedCell) => renderFailedCell(failedCell, grid)),
    ...renderRemedies([...(analysis.baseFailure ? [analysis.baseFailure] : []), ...analysis.failedCells]),
  ];
}
