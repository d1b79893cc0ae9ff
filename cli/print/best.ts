import type { BudgetAnalysis, SubjectAnalysis } from '../../contracts/analysis';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatEstimate, formatFraction, formatProbability } from './numbers';
import { countOf, joinList, padLeft, wrap } from './text';

function boughtBy({ sftRows, pairRows }: BudgetAnalysis): string {
  const parts = [
    ...(sftRows === 0 ? [] : [countOf(sftRows, 'demonstration')]),
    ...(pairRows === 0 ? [] : [countOf(pairRows, 'pair')]),
  ];
  return joinList(parts);
}

function listFractions(fractions: readonly number[]): string {
  const sorted = [...fractions].sort((a, b) => b - a);
  return joinList(sorted.map((fraction) => `r = ${formatFraction(fraction)}`));
}

function rivalsOf({ sftFraction, indistinguishable, probabilityBest }: BudgetAnalysis, run: number): string {
  if (run === 1) return 'No other split was run.';
  if (probabilityBest === null) return '';
  const rivals = indistinguishable.filter((fraction) => fraction !== sftFraction);
  const sure = `Best with probability ${formatProbability(probabilityBest)}`;
  if (rivals.length === 0) return `${sure}; every other split is surely below it.`;
  return `${sure}; ${listFractions(rivals)} cannot be told from it.`;
}

function tiesOf({ sftFraction, tied }: BudgetAnalysis): string {
  const equals = tied.filter((fraction) => fraction !== sftFraction);
  return equals.length === 0 ? '' : `Exactly as high: ${listFractions(equals)}.`;
}

function heldOutOf({ heldOut, sftFraction }: BudgetAnalysis): string {
  if (heldOut === null) return '';
  const score = formatEstimate(heldOut.score);
  if (heldOut.sftFraction === sftFraction)
    return `On the half of the items that did not choose it: ${score}.`;
  return `Half of the items choose r = ${formatFraction(heldOut.sftFraction)}: ${score} on the other half.`;
}

function nearOf({ regions, sftFraction }: BudgetAnalysis): string {
  const near = regions[0]?.fractions.filter((fraction) => fraction !== sftFraction) ?? [];
  return near.length === 0 ? '' : `Within 5 % of it: ${listFractions(near)}.`;
}

function overBase({ overBase: difference, beatsBase }: BudgetAnalysis): string {
  if (difference === null) return '';
  const verdict = beatsBase === null ? '' : beatsBase ? ', surely above it' : ', not surely above it';
  return `Over the base model: ${formatDifference(difference)}${verdict}.`;
}

function renderBudget(budget: BudgetAnalysis, analysis: SubjectAnalysis, ink: Ink): string[] {
  const run = analysis.cells.filter((cell) => cell.budget === budget.budget).length;
  const name = padLeft(formatBudget(budget.budget, analysis.unit), 8);
  const split = `r = ${formatFraction(budget.sftFraction)}, ${boughtBy(budget)}: `;
  const details = [tiesOf(budget), heldOutOf(budget), rivalsOf(budget, run), overBase(budget), nearOf(budget)]
    .filter((text) => text !== '')
    .join(' ');
  return [
    `${ink.strong(name)}  ${split}${formatEstimate(budget.score)}`,
    ...(details === '' ? [] : wrap(details, { first: ' '.repeat(10) })).map((line) => ink.faint(line)),
  ];
}

/** The split to buy at each budget, and how sure that is. */
export function renderBest(analysis: SubjectAnalysis, ink: Ink): string[] {
  if (analysis.budgets.length === 0) return [];
  return [
    ink.strong('Best split of each budget'),
    ...analysis.budgets.flatMap((budget) => renderBudget(budget, analysis, ink)),
  ];
}
