import type { BudgetAnalysis } from '../contracts/analysis/splits';
import type { SubjectAnalysis } from '../contracts/analysis/sweep';
import { nameBudget } from '../contracts/budget-name';
import { describeCoordinates } from '../core/coordinates';
import { toDecimals } from '../core/decimals';
import { nameUsd } from '../core/money';
import type { ClaimBudgets } from './claim-rules';
import { describeColdStart } from './cold-start';
import { countOf, describeSplit, formatScore, joinList } from '../contracts/text';
import { compareCandidate, recommendCandidate } from './answer-candidates';
import { answerControls, answerPairs } from './answer-controls';
import { answerFailures } from './answer-failures';
import { joinBudgets, sayBudget, sayScore, sayTest } from './text';

/** The analysis without the paragraph that is written from it. */
export type Answered = Omit<SubjectAnalysis, 'answer'>;

/** "SFT share 0.5 (512 demonstrations and 512 pairs)". */
const splitOf = (budget: BudgetAnalysis): string =>
  `SFT share ${budget.sftFraction} (${describeSplit(budget)})`;

function fractionsOf(fractions: readonly number[]): string {
  return joinList([...fractions].sort((a, b) => b - a).map((fraction) => `SFT share ${fraction}`));
}

/** Scores without intervals: only exact ties are known. */
function describeTies({ tied, sftFraction }: BudgetAnalysis): string {
  const equals = tied.filter((fraction) => fraction !== sftFraction);
  return equals.length === 0 ? '' : `, exactly as high as ${fractionsOf(equals)}`;
}

/** The cheapest split that is statistically tied with the best, if it costs less. */
function describeCheaper(
  { budget, sftFraction, indistinguishable }: BudgetAnalysis,
  { cells, unit }: Answered,
): string {
  if (unit === 'usd') return '';
  const here = cells.filter((cell) => cell.budget === budget && indistinguishable.includes(cell.sftFraction));
  const best = here.find((cell) => cell.sftFraction === sftFraction);
  const [cheapest] = [...here].sort((a, b) => a.annotationUsd - b.annotationUsd);
  if (best === undefined || cheapest === undefined || cheapest.annotationUsd >= best.annotationUsd) return '';
  return `; the cheapest of these is SFT share ${cheapest.sftFraction} (${nameUsd(cheapest.annotationUsd)} against ${nameUsd(best.annotationUsd)})`;
}

/** How sure the best split of a budget is. */
function describeRivals(budget: BudgetAnalysis): string {
  const rivals = budget.indistinguishable.filter((fraction) => fraction !== budget.sftFraction);
  if (budget.probabilityBest === null) return describeTies(budget);
  const chance = `, best with probability ${toDecimals(budget.probabilityBest, 2)}`;
  if (rivals.length === 0) return `${chance}; every other split is significantly below it (95%)`;
  return `${chance}; ${fractionsOf(rivals)} ${rivals.length === 1 ? 'is' : 'are'} statistically tied with it`;
}

/** The score on held-out items: the best score is biased upward on the items that selected it. */
function describeHeldOut({ heldOut, sftFraction }: BudgetAnalysis): string {
  if (heldOut === null) return '';
  const score = formatScore(heldOut.score.estimate);
  return heldOut.sftFraction === sftFraction
    ? ` (${score} on the held-out half of the items)`
    : ` (one half of the items selects SFT share ${heldOut.sftFraction}, which scores ${score} on the other)`;
}

/** A budget without a competitor: the scores that there are, and no winner. */
function answerIncomplete({ budget, missing }: BudgetAnalysis, { cells, unit }: Answered): string {
  const here = cells.filter((cell) => cell.budget === budget);
  const scores = here.map(({ sftFraction, score }) => `SFT share ${sftFraction} scores ${sayScore(score)}`);
  const verb = missing.length === 1 ? 'has' : 'have';
  return `With ${sayBudget(budget, unit)} no split is named best, because ${fractionsOf(missing)} ${verb} no score: ${joinList(scores)}.`;
}

/** The best split of a budget, if one is named. */
function answerSplit(budget: BudgetAnalysis, analysis: Answered): string {
  const rows = sayBudget(budget.budget, analysis.unit);
  const score = `${splitOf(budget)} scores ${sayScore(budget.score)}`;
  if (budget.beatsBase === false) {
    if (budget.test?.aboveBase)
      return `With ${rows} ${score}, the highest on validation items; it is not significantly above the base model (95%).${sayTest(budget.test)}`;
    const base = analysis.base === null ? '' : ` (${formatScore(analysis.base.score.estimate)})`;
    return `With ${rows} no split is significantly above the base model${base} (95%): the highest, ${score}.${sayTest(budget.test)}`;
  }
  if (budget.noWinner === 'only-split')
    return `With ${rows} only one split was run: ${score}.${sayTest(budget.test)}`;
  if (budget.noWinner === 'all-tied')
    return `With ${rows} all splits are statistically tied: the highest, ${score}${describeCheaper(budget, analysis)}.${sayTest(budget.test)}`;
  return `With ${rows} buy ${splitOf(budget)}: it scores ${sayScore(budget.score)}${describeHeldOut(budget)}${describeRivals(budget)}${describeCheaper(budget, analysis)}.${sayTest(budget.test)}`;
}

/** The best purchase of a budget: a split, or SFT on the data of a mixture. */
function answerBudget(budget: BudgetAnalysis, analysis: Answered): string {
  if (budget.noWinner === 'missing-split') return answerIncomplete(budget, analysis);
  const candidate = analysis.candidates.find((one) => one.budget === budget.budget);
  if (candidate === undefined) return answerSplit(budget, analysis);
  if (candidate.recommended) return recommendCandidate(candidate, budget, analysis);
  return [answerSplit(budget, analysis), ...compareCandidate(candidate, budget)].join(' ');
}

function answerColdStart({ coldStart: diagnoses, unit }: Answered): string[] {
  const present = diagnoses.filter(({ status }) => status === 'present');
  const last = present[present.length - 1];
  if (last !== undefined) {
    const budgets = joinBudgets(
      present.map(({ budget }) => budget),
      unit,
    );
    const against = `SFT share 0 against SFT share ${last.warmFraction} at ${nameBudget(last.budget, unit)}`;
    return [`At SFT share 0 there is a cold start at ${budgets} (${against}: ${describeColdStart(last)}).`];
  }
  if (diagnoses.length === 0)
    return ['Cold start: not tested, as no budget has both SFT share 0 and a warm start.'];
  const absent = diagnoses.every(({ status }) => status === 'absent');
  return [
    absent
      ? 'At SFT share 0 there is no cold start.'
      : 'Whether there is a cold start at SFT share 0 is undecided.',
  ];
}

function answerStagnation({ stagnation }: Answered): string[] {
  return stagnation?.status === 'present'
    ? ['With fewer than 1,000 pairs, preference tuning without SFT does not improve on the base.']
    : [];
}

/** Replaces the remark on ablations, which is about the built-in pipeline. */
const ownPipeline = 'SFT share is what the pipeline was given; the pipeline decides what its rows are.';

/** Auxiliary tasks whose score fell significantly. */
function answerAuxiliary({ auxiliary }: Answered): string[] {
  const fallen = auxiliary.filter(({ cells }) => cells.some(({ effect }) => effect === 'hurts'));
  return fallen.map(({ reading }) => `Regression check: ${reading}`);
}

/** The items that chose the best split also score it. */
function answerItems({ split, budgets, cells }: Answered): string[] {
  if (split !== 'test' || cells.length === budgets.length) return [];
  return [
    'The same test items choose a split and score it; set data.validation, and evaluation.split "validation", to choose by other items.',
  ];
}

function answerSeeds({ seeds, intervals, split }: Answered): string {
  const items = split === null ? 'items' : `${split} items`;
  const levels = 'Brackets are 95% intervals';
  switch (intervals.basis) {
    case 'none':
      return 'There are no intervals: the scores came without items or seeds.';
    case 'items':
      return `${levels} over ${items}, conditional on these trained models: one seed does not show the variance between training runs.`;
    case 'seeds':
      return `${levels} over ${countOf(seeds.length, 'training seed')}, conditional on these ${items}.`;
    case 'items-and-seeds':
      return `${levels} over ${items} and ${countOf(seeds.length, 'training seed')}.`;
  }
}

/** The place on the axes that the sentence does not name. */
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

/** A sentence that follows a colon. */
const afterColon = (sentence: string): string =>
  sentence.replace(/^(With|The|These|No)\b/, (word) => word.toLowerCase());

/** Sentences of one paragraph; none without sentences. */
const paragraph = (...sentences: readonly string[]): string[] =>
  sentences.length === 0 ? [] : [sentences.join(' ')];

/** What pairs add, or that a pipeline decides it. */
const answerRows = (analysis: Answered, pipeline: ClaimBudgets['pipeline']): string[] =>
  pipeline === undefined ? [...answerPairs(analysis), ...answerControls(analysis)] : [ownPipeline];

/**
 * The answer in plain words, a paragraph a line: failures first, then the best purchase of each budget with its uncertainty,
 * cold start, pairs and ablations, and what intervals mean.
 */
export function writeAnswer(analysis: Answered, { pipeline }: Pick<ClaimBudgets, 'pipeline'>): string {
  const { budgets } = analysis;
  const bought = budgets.map((budget) => answerBudget(budget, analysis));
  const [first, ...rest] = [
    ...answerFailures(analysis),
    ...(bought.length === 0 ? ['No cell finished, so there is no answer.'] : bought),
  ];
  const opening = [`${settingOf(analysis)}: ${afterColon(first!)}`, ...rest];
  if (budgets.length === 0) return opening.join('\n');
  return [
    ...opening,
    ...paragraph(...answerColdStart(analysis), ...answerStagnation(analysis)),
    ...paragraph(...answerRows(analysis, pipeline)),
    ...paragraph(...answerAuxiliary(analysis)),
    ...paragraph(...answerItems(analysis), answerSeeds(analysis)),
  ].join('\n');
}
