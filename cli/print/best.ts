import type { BudgetAnalysis } from '../../contracts/analysis/splits';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { describeSplit } from '../../contracts/text';
import { nameWinner } from '../../report/words';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatEstimate, formatFraction, formatProbability } from './numbers';
import { countOf, joinList, padLeft, wrap } from './text';

/** "SFT share 0.5"; "SFT shares 0.5 and 0.25". */
function nameShares(fractions: readonly number[]): string {
  const sorted = [...fractions].sort((a, b) => b - a);
  return `SFT ${sorted.length === 1 ? 'share' : 'shares'} ${joinList(sorted.map(formatFraction))}`;
}

function tiedWith(budget: BudgetAnalysis): string {
  const { sftFraction, indistinguishable, probabilityBest, noWinner } = budget;
  if (noWinner === 'only-split') return 'No other split was run.';
  if (probabilityBest === null) return '';
  const rivals = indistinguishable.filter((fraction) => fraction !== sftFraction);
  const probability = `Best with probability ${formatProbability(probabilityBest)}`;
  if (rivals.length === 0) return `${probability}; significantly above every other split (95%).`;
  return `${probability}; statistically tied with ${nameShares(rivals)}.`;
}

function sameScoreAs({ sftFraction, tied }: BudgetAnalysis): string {
  const equals = tied.filter((fraction) => fraction !== sftFraction);
  return equals.length === 0 ? '' : `Same score: ${nameShares(equals)}.`;
}

function heldOutOf({ heldOut, sftFraction }: BudgetAnalysis): string {
  if (heldOut === null) return '';
  const score = formatEstimate(heldOut.score);
  if (heldOut.sftFraction === sftFraction)
    return `Selected on half of the items, it scores ${score} on the other half.`;
  return `Half of the items select ${nameShares([heldOut.sftFraction])}: ${score} on the other half.`;
}

const testOf = ({ test }: BudgetAnalysis): string =>
  test === null ? '' : `On ${countOf(test.items, 'test item')} it scores ${formatEstimate(test.score)}.`;

function nearOf({ regions, sftFraction }: BudgetAnalysis): string {
  const near = regions[0]?.fractions.filter((fraction) => fraction !== sftFraction) ?? [];
  return near.length === 0 ? '' : `Within 5% of it: ${nameShares(near)}.`;
}

function overBase({ overBase: compared, test, beatsBase }: BudgetAnalysis): string {
  const tested = test?.aboveBase ?? null;
  const difference = tested ?? compared;
  if (difference === null) return '';
  const where = tested === null ? '' : ' there';
  const isBelow = (difference.high ?? 0) < 0;
  const verdict =
    beatsBase === null ? '' : beatsBase || isBelow ? ', significant (95%)' : ', not significant';
  return `Difference from the base model${where}: ${formatDifference(difference)}${verdict}.`;
}

function renderBudget(budget: BudgetAnalysis, analysis: SubjectAnalysis, ink: Ink): string[] {
  const name = padLeft(formatBudget(budget.budget, analysis.unit), 8);
  if (budget.noWinner === 'missing-split') return [`${ink.strong(name)}  ${ink.bad(nameWinner(budget))}`];
  const split = `${nameShares([budget.sftFraction])}, ${describeSplit(budget)}: `;
  const details = [
    sameScoreAs(budget),
    heldOutOf(budget),
    tiedWith(budget),
    testOf(budget),
    overBase(budget),
    nearOf(budget),
  ]
    .filter((text) => text !== '')
    .join(' ');
  return [
    `${ink.strong(name)}  ${split}${formatEstimate(budget.score)}`,
    ...(details === '' ? [] : wrap(details, { first: ' '.repeat(10) })).map((line) => ink.faint(line)),
  ];
}

/** The best split of each budget, with its uncertainty. */
export function renderBest(analysis: SubjectAnalysis, ink: Ink): string[] {
  if (analysis.budgets.length === 0) return [];
  return [
    ink.strong('Best split of each budget'),
    ...analysis.budgets.flatMap((budget) => renderBudget(budget, analysis, ink)),
  ];
}
