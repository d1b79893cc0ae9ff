import type { BudgetAnalysis, SubjectAnalysis } from '../contracts/analysis';
import { nameBudget } from '../contracts/budget-name';
import { describeCoordinates } from '../contracts/coordinates';
import { toDecimals } from '../contracts/decimals';
import { describeColdStart } from './cold-start';
import { countOf, formatScore, formatShare, joinBudgets, joinList, sayBudget } from './text';

/** What the paragraph is made from: the analysis, but for the paragraph itself. */
export type Answered = Omit<SubjectAnalysis, 'answer'>;

/** "r = 0.5 (512 demonstrations and 512 pairs)". */
function splitOf({ sftFraction, sftRows, pairRows }: BudgetAnalysis): string {
  const parts = [countOf(sftRows, 'demonstration'), countOf(pairRows, 'pair')];
  const bought = parts.filter((_, i) => [sftRows, pairRows][i] !== 0);
  return `r = ${sftFraction} (${joinList(bought)})`;
}

function fractionsOf(fractions: readonly number[]): string {
  return joinList([...fractions].sort((a, b) => b - a).map((fraction) => `r = ${fraction}`));
}

/** Scores without intervals: a tie is all that is known of rivals. */
function describeTies({ tied, sftFraction }: BudgetAnalysis): string {
  const equals = tied.filter((fraction) => fraction !== sftFraction);
  return equals.length === 0 ? '' : `, exactly as high as ${fractionsOf(equals)}`;
}

/** How sure the choice of a budget is. */
function describeRivals(budget: BudgetAnalysis, run: number): string {
  const rivals = budget.indistinguishable.filter((fraction) => fraction !== budget.sftFraction);
  if (run === 1) return '; no other split was run';
  if (budget.probabilityBest === null) return describeTies(budget);
  const chance = `, best with probability ${toDecimals(budget.probabilityBest, 2)}`;
  if (rivals.length === 0) return `${chance}; every other split that was run is surely below it`;
  return `${chance}; ${fractionsOf(rivals)} cannot be told from it`;
}

/** What the half of the items that did not choose says, so that the highest score does not flatter itself. */
function describeHeldOut({ heldOut, sftFraction }: BudgetAnalysis): string {
  if (heldOut === null) return '';
  const score = formatShare(heldOut.score.estimate);
  return heldOut.sftFraction === sftFraction
    ? ` (${score} on the half of the items that did not choose it)`
    : ` (half of the items choose r = ${heldOut.sftFraction}, which scores ${score} on the other half)`;
}

function answerBudget(budget: BudgetAnalysis, analysis: Answered): string {
  const rows = sayBudget(budget.budget, analysis.unit);
  const score = `${splitOf(budget)} scores ${formatScore(budget.score)}`;
  const run = analysis.cells.filter((cell) => cell.budget === budget.budget).length;
  if (budget.beatsBase === false) {
    const base = analysis.base === null ? '' : ` (${formatShare(analysis.base.score.estimate)})`;
    return `With ${rows} nothing is surely above the base model${base}: the highest, ${score}.`;
  }
  if (run > 1 && budget.indistinguishable.length === run && budget.probabilityBest !== null) {
    return `With ${rows} no split can be told from another: the highest, ${score}.`;
  }
  return `With ${rows} buy ${splitOf(budget)}: it scores ${formatScore(budget.score)}${describeHeldOut(budget)}${describeRivals(budget, run)}.`;
}

function answerColdStart({ coldStart: diagnoses, unit }: Answered): string[] {
  const present = diagnoses.filter(({ status }) => status === 'present');
  const last = present[present.length - 1];
  if (last !== undefined) {
    const budgets = joinBudgets(
      present.map(({ budget }) => budget),
      unit,
    );
    const against = `r = 0 against r = ${last.warmFraction} at ${nameBudget(last.budget, unit)}`;
    return [`At r = 0 there is a cold start at ${budgets} (${against}: ${describeColdStart(last)}).`];
  }
  if (diagnoses.length === 0) return ['What happens at r = 0 beside a warm start was not run.'];
  const absent = diagnoses.every(({ status }) => status === 'absent');
  return [
    absent ? 'At r = 0 there is no cold start.' : 'Whether r = 0 suffers a cold start is unclear here.',
  ];
}

function answerStagnation({ stagnation }: Answered): string[] {
  return stagnation?.status === 'present'
    ? ['With fewer than 1,000 pairs, preference tuning from the base stands still.']
    : [];
}

function answerControls({ controls, budgets }: Answered): string[] {
  const onChosen = controls.filter(({ kind }) => kind === 'sft-on-chosen');
  if (onChosen.length > 0) return onChosen.map(({ reading }) => reading);
  const mixture = budgets.some(({ sftFraction }) => sftFraction > 0 && sftFraction < 1);
  return mixture
    ? ['No control (SFT on the chosen answers) was run, so whether the preference loss helps is open.']
    : [];
}

/** A task that training was not for, where it has suffered beyond doubt. */
function answerAuxiliary({ auxiliary }: Answered): string[] {
  const fallen = auxiliary.filter(({ cells }) => cells.some(({ effect }) => effect === 'hurts'));
  return fallen.map(({ reading }) => `Elsewhere ${reading}`);
}

function answerSeeds({ seeds, intervals }: Answered): string {
  const levels = 'Brackets are 95 % intervals';
  switch (intervals.basis) {
    case 'none':
      return 'These are point statements: the scores came without items or seeds, so nothing says how sure they are.';
    case 'items':
      return `${levels} over test items, conditional on these trained models: with one seed they do not say what another training run would give.`;
    case 'seeds':
      return `${levels} over ${countOf(seeds.length, 'training seed')}, conditional on these test items.`;
    case 'items-and-seeds':
      return `${levels} over test items and ${countOf(seeds.length, 'training seed')}.`;
  }
}

function answerFailedCells({ failedCells, unit }: Answered): string[] {
  if (failedCells.length === 0) return [];
  const names = failedCells.map(
    ({ budget, sftFraction }) => `r = ${sftFraction} at ${nameBudget(budget, unit)}`,
  );
  const verb = failedCells.length === 1 ? 'is' : 'are';
  return [`${joinList([...new Set(names)])} failed and ${verb} missing from this answer.`];
}

/** What the axes say besides what the sentence names anyway. */
function describePlace({ annotator, axes = {} }: Answered): string {
  const named = ['task', 'model', ...(annotator === null ? [] : ['annotator'])];
  const others = Object.entries(axes).filter(([axis]) => !named.includes(axis));
  return others.length === 0 ? '' : `, at ${describeCoordinates(Object.fromEntries(others))}`;
}

function settingOf(analysis: Answered): string {
  const { task, model, annotator } = analysis;
  const writer = annotator === null ? '' : ` and demonstrations by ${annotator}`;
  return `On ${task} with the ${model} model${writer}${describePlace(analysis)}`;
}

/** One plain paragraph: which split to buy at each budget, how sure, what happens at r = 0, what the control says. */
export function writeAnswer(analysis: Answered): string {
  const { budgets } = analysis;
  const setting = `${settingOf(analysis)}:`;
  if (budgets.length === 0)
    return [setting, 'no cell finished, so there is no answer.', ...answerFailedCells(analysis)].join(' ');
  const [first, ...rest] = budgets.map((budget) => answerBudget(budget, analysis));
  const opening = first!.replace(/^With/, 'with');
  return [
    setting,
    opening,
    ...rest,
    ...answerColdStart(analysis),
    ...answerStagnation(analysis),
    ...answerControls(analysis),
    ...answerAuxiliary(analysis),
    ...answerFailedCells(analysis),
    answerSeeds(analysis),
  ].join(' ');
}
