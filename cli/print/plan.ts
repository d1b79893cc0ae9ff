import { nameOfAuxiliary } from '../../contracts/auxiliary';
import { comparedItems, splitOf } from '../../contracts/evaluation-split';
import type { SweepDefinition } from '../../schemas/definition';
import { describeOtherPrices, describePrice, labelOf } from '../../stages';
import { usdTolerance, variantsOf } from '../../planning';
import type { MoneyPurchase, PlanSummary } from '../../app/plan/plan-summary';
import { describeDropped } from './data';
import type { Ink } from './ink';
import { formatBudget, formatBytes, formatCount, formatFraction, formatRoughly, formatUsd } from './numbers';
import { countOf, joinList, padRight, wrap } from './text';
import { describeAt, describeYields } from './yields';

/** One fact of a plan: its name, faint, and a text. */
export function fact(name: string, text: string, ink: Ink): string[] {
  const first = `  ${padRight(name, 16)}`;
  const [head = '', ...rest] = wrap(text, { first });
  return [ink.faint(first) + head.slice(first.length), ...rest];
}

/** Distinct values over all combinations of axis values: an axis may change any field. */
const everywhere = <T>(definition: SweepDefinition, pick: (place: SweepDefinition) => readonly T[]): T[] => [
  ...new Set(variantsOf(definition).flatMap(({ definition: place }) => pick(place))),
];

/** Fields that are axes are printed with the grid. */
function describeTask(definition: SweepDefinition): string {
  const { axes = {} } = definition;
  const name = (field: 'task' | 'annotator' | 'model', before: string): string[] =>
    Object.hasOwn(axes, field) ? [] : [before + everywhere(definition, (at) => [at[field]]).join(' or ')];
  return [
    ...name('task', ''),
    ...name('annotator', 'demonstrations by '),
    ...name('model', 'base model '),
  ].join(', ');
}

function describeAxes({ axes = {} }: SweepDefinition): string[] {
  return Object.entries(axes).map(([name, axis]) => {
    const labels = Array.isArray(axis) ? axis.map(String) : Object.keys(axis);
    return `${labels.length} × ${name} (${labels.join(', ')})`;
  });
}

function describeGrid(definition: SweepDefinition, cells: number): string {
  const {
    budgets,
    budgetUnit: unit = 'rows',
    sftFractions,
    sftSpendFractions,
    seeds,
    search: { method },
  } = definition;
  const shares = sftSpendFractions ?? sftFractions;
  const split = sftSpendFractions === undefined ? 'SFT share' : 'SFT spend share';
  const axes = [
    ...describeAxes(definition),
    `${countOf(budgets.length, 'budget')} (${budgets.map((budget) => formatBudget(budget, unit)).join(', ')})`,
    `${countOf(shares.length, split)} (${shares.map(formatFraction).join(', ')})`,
    countOf(seeds.length, 'seed'),
  ];
  const subset = method === 'grid' ? '' : `; ${method} search runs a subset`;
  return `${cells} = ${axes.join(' × ')}${subset}`;
}

/** An upper bound: as if a mixture won at every budget. */
function describeControls({ controls, controlStages, controlSeconds }: PlanSummary): string {
  const kinds = Object.entries(controls).map(([kind, count]) => `${formatCount(count)} ${kind}`);
  if (kinds.length === 0) return 'none';
  const time =
    controlStages === 0
      ? ''
      : `: ${countOf(controlStages, 'extra stage')} so far, about ${formatRoughly(controlSeconds)}`;
  return `at most ${joinList(kinds)}${time}`;
}

/** The items that choose the best splits, and those that score them. */
function describeItems({ testEvaluations, testSeconds }: PlanSummary, definition: SweepDefinition): string[] {
  const lines = everywhere(definition, (place) => {
    const compared = `compared on ${countOf(comparedItems(place), `${splitOf(place)} item`)}`;
    const { items } = place.evaluation;
    return splitOf(place) === 'validation'
      ? [
          `${compared}; base model, best splits and their controls then scored once on ${countOf(items, 'test item')}`,
        ]
      : [
          `${compared}, which also choose the best split; set data.validation, and evaluation.split "validation", to choose by other items`,
        ];
  });
  if (testEvaluations === 0) return lines;
  return [
    ...lines,
    `at most ${countOf(testEvaluations, 'evaluation')} on test items, about ${formatRoughly(testSeconds)}`,
  ];
}

function describeStages({ stageUses, uniqueStages, sharedStages, cachedStages }: PlanSummary): string {
  return `${countOf(uniqueStages, 'unique stage')} (${stageUses} without sharing); ${sharedStages} shared, ${cachedStages} cached`;
}

function describeKinds({ byKind }: PlanSummary): string {
  const parts = Object.entries(byKind).map(([kind, { unique }]) => countOf(unique, ...labelOf(kind)));
  return joinList(parts);
}

function describePurchase({ purchase, annotationUsd, toBuy, toBuyUsd }: PlanSummary): string {
  const rows = `${countOf(purchase.demonstrations, 'demonstration')} and ${countOf(purchase.pairs, 'pair')}`;
  const { verifierCalls, unscored, labels } = purchase;
  const verification =
    verifierCalls === 0 ? '' : `, about ${countOf(verifierCalls, 'verifier call')} for the samples`;
  const labelling =
    labels === 0 ? '' : `, about ${countOf(labels, 'label')} of ${countOf(unscored, 'sample')}`;
  const isPartlyBought =
    toBuy.demonstrations + toBuy.pairs < purchase.demonstrations + purchase.pairs ||
    toBuyUsd < annotationUsd - usdTolerance;
  const left = isPartlyBought
    ? `; still to buy: ${formatCount(toBuy.demonstrations)} and ${formatCount(toBuy.pairs)}, ${formatUsd(toBuyUsd)}`
    : '';
  return `${rows}${verification}${labelling}: ${formatUsd(annotationUsd)} at list price${left}`;
}

function describePrices({ prices, otherPrices }: PlanSummary): string[] {
  const known = prices.map(({ row, at, price }) => {
    return `A ${row}${describeAt(at)}: ${describePrice(price)}.`;
  });
  return otherPrices.length === 0 ? known : [...known, describeOtherPrices(otherPrices)];
}

/** Work that the numbers of the cells leave out. */
const laterWork = ({ testEvaluations }: PlanSummary): string =>
  testEvaluations === 0 ? 'controls' : 'controls and test items';

function describeTime(summary: PlanSummary): string {
  const { seconds, slots, uniqueStages, cachedStages } = summary;
  if (uniqueStages === cachedStages) return 'a few seconds: every stage is cached';
  return `about ${formatRoughly(seconds)} on ${countOf(slots, 'device slot')}, without ${laterWork(summary)}`;
}

function describeCompute(summary: PlanSummary): string {
  const { tokens, tokensToRun, deviceHours, deviceHoursToRun } = summary;
  const all = `${formatCount(tokens)} tokens, ${deviceHours.toFixed(2)} device-hours (estimated)`;
  if (tokensToRun === tokens) return all;
  return `${all}; still to run: ${formatCount(tokensToRun)} and ${deviceHoursToRun.toFixed(2)}`;
}

const unknownFor = (stages: number): string[] =>
  stages === 0 ? [] : [`unknown for ${countOf(stages, 'stage')}`];

/** Bytes in the store, and of scratch while stages run. */
function describeDisk({ resources, slots }: PlanSummary): string {
  const { storeBytes, storeBytesToRun, scratchBytes, unknown } = resources;
  const all = `about ${formatBytes(storeBytes)} in the store`;
  const left = storeBytesToRun < storeBytes ? [`still to add: ${formatBytes(storeBytesToRun)}`] : [];
  const scratch =
    scratchBytes === 0
      ? []
      : [`at most ${formatBytes(scratchBytes)} of scratch at once (${countOf(slots, 'device slot')})`];
  return [all, ...left, ...scratch, ...unknownFor(unknown.disk)].join('; ');
}

/** Peak memory of the largest stage that is still to run. */
function describeMemory({ resources: { memory, unknown } }: PlanSummary): string {
  const known =
    memory === null ? [] : [`about ${formatBytes(memory.bytes)} in the largest process: ${memory.stage}`];
  const parts = [...known, ...unknownFor(unknown.memory)];
  return parts.length === 0 ? 'no process is left to run' : parts.join('; ');
}

/** Whether samples cost money: themselves, or by their verifier calls or labels. */
const areSamplesPriced = ({ prices, pairs }: SweepDefinition): boolean =>
  prices.sample + prices.verifierCall > 0 ||
  (pairs.annotator !== undefined && (prices.preferenceLabel ?? prices.preferencePair) > 0);

/**
 * Results that decide what some cells run. The budgets bound rows, and no samples: a later call may sample any number of
 * candidates.
 */
function describeContinuing({ continuing }: PlanSummary, definition: SweepDefinition): string[] {
  const { cells, after, annotationAtMostUsd } = continuing;
  if (cells === 0) return [];
  const atMost = `at most ${formatUsd(annotationAtMostUsd)} (the budgets)`;
  const bound = everywhere(definition, (place) => [areSamplesPriced(place)]).some(Boolean)
    ? `rows cost ${atMost}; more samples after results cost too`
    : `annotation is ${atMost}`;
  return [
    `after ${joinList(after)} (${countOf(cells, 'cell')}): what follows is not in these numbers; ${bound}`,
  ];
}

/** The smallest difference between two splits that the sweep detects. */
function describePower({ detectable, items }: PlanSummary, { seeds }: SweepDefinition): string {
  const scope = seeds.length === 1 ? ' (variance between seeds not included)' : '';
  return `detects a difference of ${detectable.toFixed(3)} with 80% power: ${countOf(items, 'item')}, ${countOf(seeds.length, 'seed')}${scope}`;
}

function describeMoney(purchase: MoneyPurchase): string {
  const { budget, sftSpendFraction, sftRows, pairRows, remainderUsd, at } = purchase;
  const rows = `${countOf(sftRows, 'demonstration')} and ${countOf(pairRows, 'pair')}`;
  const left = remainderUsd > usdTolerance ? `, ${formatUsd(remainderUsd)} left` : '';
  return `${formatBudget(budget, 'usd')}, SFT spend share ${formatFraction(sftSpendFraction)}${describeAt(at)}: ${rows}${left}`;
}

/** Auxiliary tasks, each with the source of its items. */
function describeAuxiliary(definition: SweepDefinition): string[] {
  const lines = everywhere(definition, ({ evaluation: { auxiliary = [] } }) => auxiliary).map((one) => {
    const name = nameOfAuxiliary(one);
    const task = name === one.task ? '' : `${one.task}, `;
    const from = 'data' in one ? one.data.test : `synthetic, seed ${one.seed}`;
    const judge = one.judge === undefined ? '' : `, judged by ${one.judge}`;
    return `${countOf(one.items, 'item')} of ${name} (${task}${from})${judge}`;
  });
  return [...new Set(lines)];
}

/** Number of verdicts by each judge. Their prices are unknown before they are called. */
function describeVerdicts(summary: PlanSummary): string[] {
  return Object.entries(summary.verdicts).map(([judge, { all, toRun }]) => {
    const left = toRun < all ? `; still to run: ${formatCount(toRun)}` : '';
    return `${countOf(all, 'verdict')} by ${judge} (each answer in both orders), without ${laterWork(summary)}${left}`;
  });
}

/** The spend limit. Judges and endpoints have prices that the plan does not know. */
function describeLimit({ verdicts }: PlanSummary, { spendLimitUsd }: SweepDefinition): string[] {
  if (spendLimitUsd !== undefined) return [`at most ${formatUsd(spendLimitUsd)} on annotators and judges`];
  return Object.keys(verdicts).length === 0 ? [] : ['none on annotators and judges; set spendLimitUsd'];
}

/** The user's files, what was left out, and what their rows were compared with. */
function describeFiles({ userFiles = [] }: PlanSummary): string[] {
  return userFiles.map(({ use, path, rows, dropped, mismatches, heldOutPrompts }) =>
    [
      `${formatCount(rows)} ${use} of ${path}`,
      ...describeDropped(dropped),
      ...(mismatches === 0 ? [] : [`${formatCount(mismatches)} of them the verifier disagrees with`]),
      `compared with ${countOf(heldOutPrompts, 'held-out prompt')}`,
    ].join(', '),
  );
}

const warningsShown = 3;

function renderWarnings({ warnings }: PlanSummary): string[] {
  const more = warnings.length - warningsShown;
  const lines = warnings.slice(0, warningsShown).flatMap((warning) => wrap(warning, { first: '  ! ' }));
  return more > 0 ? [...lines, `  ! and ${more} more; --json prints all of them`] : lines;
}

/** What a sweep would run and cost. */
export function renderPlan(summary: PlanSummary, definition: SweepDefinition, ink: Ink): string[] {
  return [
    ink.strong(`Plan of ${summary.sweepId}`),
    ...fact('Task', describeTask(definition), ink),
    ...fact('Cells', describeGrid(definition, summary.cells), ink),
    ...describeAuxiliary(definition).flatMap((text, at) => fact(at === 0 ? 'Also evaluated' : '', text, ink)),
    ...describeItems(summary, definition).flatMap((text, at) => fact(at === 0 ? 'Items' : '', text, ink)),
    ...describeFiles(summary).flatMap((text, at) => fact(at === 0 ? 'Your rows' : '', text, ink)),
    ...fact('Stages', describeStages(summary), ink),
    ...fact('', describeKinds(summary), ink),
    ...describeContinuing(summary, definition).flatMap((text) => fact('Continues', text, ink)),
    ...fact('Controls', describeControls(summary), ink),
    ...describePrices(summary).flatMap((text, at) => fact(at === 0 ? 'Prices' : '', text, ink)),
    ...fact('Annotation', describePurchase(summary), ink),
    ...describeYields(summary).flatMap((text, at) => fact(at === 0 ? 'Yield' : '', text, ink)),
    ...describeVerdicts(summary).flatMap((text, at) => fact(at === 0 ? 'Judging' : '', text, ink)),
    ...describeLimit(summary, definition).flatMap((text) => fact('Limit', text, ink)),
    ...summary.purchases.flatMap((one, index) => fact(index === 0 ? 'Money' : '', describeMoney(one), ink)),
    ...fact('Compute', describeCompute(summary), ink),
    ...fact('Disk', describeDisk(summary), ink),
    ...fact('Memory', describeMemory(summary), ink),
    ...fact('Time', describeTime(summary), ink),
    ...fact('Power', describePower(summary, definition), ink),
    ...renderWarnings(summary).map(ink.doubtful),
  ];
}
