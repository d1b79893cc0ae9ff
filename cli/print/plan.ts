import { nameOfAuxiliary } from '../../contracts/auxiliary';
import type { SweepDefinition } from '../../schemas/definition';
import type { StageKind } from '../../contracts/stage';
import { variantsOf } from '../../planning';
import type { MoneyPurchase, PlanSummary } from '../../app/plan/plan-summary';
import type { Ink } from './ink';
import { formatBudget, formatCount, formatFraction, formatRoughly, formatUsd } from './numbers';
import { countOf, joinList, padRight, wrap } from './text';

const kindNames: Record<StageKind, [one: string, many: string]> = {
  synthesizeData: ['set of rows', 'sets of rows'],
  trainSft: ['SFT run', 'SFT runs'],
  freezeReference: ['frozen reference', 'frozen references'],
  trainPreference: ['preference run', 'preference runs'],
  evaluate: ['evaluation', 'evaluations'],
};

function fact(name: string, text: string, ink: Ink): string[] {
  const first = `  ${padRight(name, 12)}`;
  const [head = '', ...rest] = wrap(text, { first });
  return [ink.faint(first) + head.slice(first.length), ...rest];
}

/** What places on the axes have, each once: an axis may change any field. */
const everywhere = <T>(definition: SweepDefinition, pick: (place: SweepDefinition) => readonly T[]): T[] => [
  ...new Set(variantsOf(definition).flatMap(({ definition: place }) => pick(place))),
];

/** What an axis is named after is printed with the axis. */
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
  const split = sftSpendFractions === undefined ? 'SFT fraction' : 'share of the money for SFT';
  const splits = sftSpendFractions === undefined ? undefined : 'shares of the money for SFT';
  const axes = [
    ...describeAxes(definition),
    `${countOf(budgets.length, 'budget')} (${budgets.map((budget) => formatBudget(budget, unit)).join(', ')})`,
    `${countOf(shares.length, split, splits)} (${shares.map(formatFraction).join(', ')})`,
    countOf(seeds.length, 'seed'),
  ];
  const part = method === 'grid' ? '' : `; ${method} search runs a part of them`;
  return `${cells} = ${axes.join(' × ')}${part}`;
}

/** Controls beside winners are counted as if a mixture won everywhere. */
function describeControls({ controls, controlStages, controlSeconds }: PlanSummary): string {
  const kinds = Object.entries(controls).map(([kind, count]) => `${formatCount(count)} ${kind}`);
  if (kinds.length === 0) return 'none';
  const known = `${countOf(controlStages, 'further stage')} that ${controlStages === 1 ? 'is' : 'are'} known now`;
  const time = controlStages === 0 ? '' : `: ${known}, about ${formatRoughly(controlSeconds)}`;
  return `at most ${joinList(kinds)}${time}`;
}

function describeStages({ stageUses, uniqueStages, sharedStages, cachedStages }: PlanSummary): string {
  const shared = sharedStages === 0 ? 'none shared by cells' : `${sharedStages} of them shared by cells`;
  const cached = cachedStages === 0 ? 'none in the store yet' : `${cachedStages} in the store already`;
  return `${uniqueStages} to have instead of ${stageUses}: ${shared}, ${cached}`;
}

function describeKinds({ byKind }: PlanSummary): string {
  const parts = Object.entries(byKind).map(([kind, { unique }]) =>
    countOf(unique, ...kindNames[kind as StageKind]),
  );
  return joinList(parts);
}

function describePurchase({ purchase, annotationUsd, toBuy, toBuyUsd }: PlanSummary): string {
  const rows = `${countOf(purchase.demonstrations, 'demonstration')} and ${countOf(purchase.pairs, 'pair')}`;
  const checks =
    purchase.verifierCalls === 0
      ? ''
      : `, about ${countOf(purchase.verifierCalls, 'checker call')} for the pairs`;
  const bought = toBuy.demonstrations + toBuy.pairs < purchase.demonstrations + purchase.pairs;
  const left = bought
    ? `; of these still to buy: ${formatCount(toBuy.demonstrations)} and ${formatCount(toBuy.pairs)}, ${formatUsd(toBuyUsd)}`
    : '';
  return `${rows}${checks}: ${formatUsd(annotationUsd)}${left}`;
}

function describeTime({ seconds, slots, uniqueStages, cachedStages }: PlanSummary): string {
  if (uniqueStages === cachedStages) return 'a few seconds: every stage is in the store';
  return `about ${formatRoughly(seconds)} on ${countOf(slots, 'device slot')}, controls not counted`;
}

function describeCompute(summary: PlanSummary): string {
  const { tokens, tokensToRun, deviceHours, deviceHoursToRun } = summary;
  const all = `${formatCount(tokens)} tokens, ${deviceHours.toFixed(2)} device-hours at the pinned rates`;
  if (tokensToRun === tokens) return all;
  return `${all}; of these still to run: ${formatCount(tokensToRun)} and ${deviceHoursToRun.toFixed(2)}`;
}

/** What the sweep could tell apart, before it has run. */
function describeDetectable({ detectable, items }: PlanSummary, { seeds }: SweepDefinition): string {
  const scope =
    seeds.length === 1
      ? 'between these trained models; another seed may differ by more'
      : countOf(seeds.length, 'seed');
  return `two splits that differ by ${detectable.toFixed(3)} or more (four times of five, ${formatCount(items)} items, ${scope})`;
}

function describeMoney({ budget, sftSpendFraction, sftRows, pairRows, remainderUsd }: MoneyPurchase): string {
  const rows = `${countOf(sftRows, 'demonstration')} and ${countOf(pairRows, 'pair')}`;
  const left = remainderUsd > 0 ? `${formatUsd(remainderUsd)} left` : 'nothing left';
  return `${formatBudget(budget, 'usd')} with a share of ${formatFraction(sftSpendFraction)} for SFT: ${rows}, ${left}`;
}

/** What is evaluated besides the task that is tuned for, and where its problems are from. */
function describeAuxiliary(definition: SweepDefinition): string[] {
  const lines = everywhere(definition, ({ evaluation: { auxiliary = [] } }) => auxiliary).map((one) => {
    const name = nameOfAuxiliary(one);
    const task = name === one.task ? '' : `${one.task}, `;
    const from = 'data' in one ? one.data.test : `its twin, seed ${one.seed}`;
    const judge = one.judge === undefined ? '' : `, judged by ${one.judge}`;
    return `${countOf(one.items, 'item')} of ${name} (${task}${from})${judge}`;
  });
  return [...new Set(lines)];
}

/** What each judge is to say, whose price no plan knows. */
function describeVerdicts({ verdicts }: PlanSummary): string[] {
  return Object.entries(verdicts).map(([judge, { all, toGive }]) => {
    const left = toGive < all ? `; of these still to give: ${formatCount(toGive)}` : '';
    return `${countOf(all, 'verdict')} by ${judge} (each answer in both orders), controls not counted${left}`;
  });
}

/** What is paid at most; judges and endpoints have their own prices, which no plan knows. */
function describeLimit({ verdicts }: PlanSummary, { spendLimitUsd }: SweepDefinition): string[] {
  if (spendLimitUsd !== undefined)
    return [`at most ${formatUsd(spendLimitUsd)} on annotators and judges together`];
  return Object.keys(verdicts).length === 0
    ? []
    : ['none on annotators and judges together; see spendLimitUsd'];
}

const warningsShown = 3;

function renderWarnings({ warnings }: PlanSummary): string[] {
  const more = warnings.length - warningsShown;
  const lines = warnings.slice(0, warningsShown).flatMap((warning) => wrap(warning, { first: '  ! ' }));
  return more > 0 ? [...lines, `  ! and ${more} more of this kind; all of them with --json`] : lines;
}

/** What a sweep will run and cost, before anything has run. */
export function renderPlan(summary: PlanSummary, definition: SweepDefinition, ink: Ink): string[] {
  return [
    ink.strong(`Plan of ${summary.sweepId}`),
    ...fact('Task', describeTask(definition), ink),
    ...fact('Cells', describeGrid(definition, summary.cells), ink),
    ...describeAuxiliary(definition).flatMap((text, at) => fact(at === 0 ? 'Beside' : '', text, ink)),
    ...fact('Stages', describeStages(summary), ink),
    ...fact('', describeKinds(summary), ink),
    ...fact('Controls', describeControls(summary), ink),
    ...fact('Annotation', describePurchase(summary), ink),
    ...describeVerdicts(summary).flatMap((text, at) => fact(at === 0 ? 'Judging' : '', text, ink)),
    ...describeLimit(summary, definition).flatMap((text) => fact('Limit', text, ink)),
    ...summary.purchases.flatMap((one, index) => fact(index === 0 ? 'Money' : '', describeMoney(one), ink)),
    ...fact('Compute', describeCompute(summary), ink),
    ...fact('Time', describeTime(summary), ink),
    ...fact('Finds', describeDetectable(summary, definition), ink),
    ...renderWarnings(summary).map(ink.doubtful),
  ];
}
