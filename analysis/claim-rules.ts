import type { ClaimId } from '../contracts/analysis/verdicts';
import type { PriceRatio } from '../contracts/analysis/money';
import type { SweepDefinition } from '../schemas/definition';
import { crossUnits, type ContrastMatrix } from './bounds';
import { groupsByBudget, type Group } from './grid';
import type { Contrast, Inference } from './inference';
import { formatCount, formatScore } from '../contracts/text';
import { joinBudgets, joinNumbers, sayBudget } from './text';

/** One comparison of a claim. It holds where the bound is above the threshold. */
export interface ClaimPart {
  /** "At 64 rows, best of SFT share ≥ 0.75 (0.403 at SFT share 1) less best of SFT share ≤ 0.5 (0.188 at SFT share 0.5)". */
  readonly label: string;
  readonly matrix: ContrastMatrix;
  readonly threshold: number;
  /** Default: the score. */
  readonly metric?: 'wellFormedRate';
  /** Shown, but not part of the rule. */
  readonly informative?: true;
}

/** A claim as it applies to one sweep, before it is judged. */
export interface ClaimPlan {
  readonly claim: ClaimId;
  readonly title: string;
  readonly rule: string;
  readonly parts: readonly ClaimPart[];
  /** Sets of groups whose best must be above the base by three margins; else the claim is not decided. */
  readonly stakes: readonly (readonly Group[])[];
  /** Whether the rule uses a cell. If that cell failed, the claim is not decided. */
  concerns(budget: number, sftFraction: number): boolean;
  readonly notes: readonly string[];
  /** Parts of the rule without data. Without them the claim can be refuted, not confirmed. */
  readonly unseen?: readonly string[];
}

/** Fixed in the definition before the run: the equivalence margin, the small and large budgets, and the pipeline. */
export type ClaimBudgets = Pick<
  SweepDefinition,
  'budgets' | 'equivalenceMargin' | 'smallBudgetMax' | 'largeBudgetMin' | 'pipeline'
>;

export interface ClaimContext {
  readonly inference: Inference;
  readonly rules: ClaimBudgets;
  readonly priceRatio?: PriceRatio;
}

/** Ratios of the price of a demonstration to that of a pair, of those that its parts allow. */
const priceRatiosOf = ({ priceRatio }: ClaimContext): number[] =>
  [1, 2, 5, 10].filter((ratio) => ratio <= (priceRatio?.most ?? Infinity));

function lowBudgets({ rules }: ClaimContext): number[] {
  const { budgets, smallBudgetMax = Math.min(...budgets) } = rules;
  return budgets.filter((budget) => budget <= smallBudgetMax).sort((a, b) => a - b);
}

function largeBudgets({ rules }: ClaimContext): number[] {
  const { budgets, largeBudgetMin = Math.max(...budgets) } = rules;
  return budgets.filter((budget) => budget >= largeBudgetMin).sort((a, b) => a - b);
}

function groupsAt({ inference }: ClaimContext, budget: number): readonly Group[] {
  return groupsByBudget(inference.grid.groups).get(budget) ?? [];
}

function nameBest(inference: Inference, name: string, groups: readonly Group[]): string {
  const scores = groups.map((group) => inference.measure(group).estimate);
  const best = groups[scores.indexOf(Math.max(...scores))]!;
  const at = groups.length === 1 ? '' : ` at SFT share ${best.sftFraction}`;
  return `${name} (${formatScore(Math.max(...scores))}${at})`;
}

interface ComparedAnswer {
  readonly budget: number;
  readonly left: { readonly name: string; readonly groups: readonly Group[] };
  readonly right: { readonly name: string; readonly groups: readonly Group[] };
  readonly threshold: number;
}

/** The part that compares two sets of one budget; none where a set is empty. */
function compareAnswers(inference: Inference, sides: ComparedAnswer): ClaimPart[] {
  const { left, right, threshold } = sides;
  if (left.groups.length === 0 || right.groups.length === 0) return [];
  const names = [left, right].map(({ name, groups }) => nameBest(inference, name, groups));
  const label = `At ${sayBudget(sides.budget, inference.grid.unit)}, ${names.join(' less ')}`;
  return [{ label, matrix: crossUnits(inference, left.groups, right.groups), threshold }];
}

function bothEnds({ rules }: ClaimContext): string[] {
  return rules.budgets.length > 1 ? [] : ['The sweep has one budget: it counts as small and as large.'];
}

function planLowData(context: ClaimContext): ClaimPlan {
  const { inference, rules } = context;
  const budgets = lowBudgets(context);
  const parts = budgets.flatMap((budget) => {
    const groups = groupsAt(context, budget);
    const pure = groups.filter((group) => group.sftFraction === 1);
    const right = {
      name: 'best of SFT share ≤ 0.5',
      groups: groups.filter((group) => group.sftFraction <= 0.5),
    };
    const left = {
      name: 'best of SFT share ≥ 0.75',
      groups: groups.filter((group) => group.sftFraction >= 0.75),
    };
    const alone = compareAnswers(inference, {
      budget,
      left: { name: 'SFT share 1 alone', groups: pure },
      right,
      threshold: 0,
    });
    return [
      ...compareAnswers(inference, { budget, left, right, threshold: -rules.equivalenceMargin }),
      ...alone.map((part): ClaimPart => ({ ...part, informative: true })),
    ];
  });
  return {
    claim: 'C1',
    title: 'With little data, pure or nearly pure SFT is best',
    rule: `At every small budget (${joinNumbers(budgets)}), the best of SFT share ≥ 0.75 less the best of SFT share ≤ 0.5 is above −${rules.equivalenceMargin}.`,
    parts,
    concerns: (budget, r) => budgets.includes(budget) && (r >= 0.75 || r <= 0.5),
    stakes: budgets.map((budget) => groupsAt(context, budget)),
    notes: bothEnds(context),
  };
}

function planLargeBudgets(context: ClaimContext): ClaimPlan {
  const { inference, rules } = context;
  const budgets = largeBudgets(context);
  const parts = budgets.flatMap((budget) => {
    const groups = groupsAt(context, budget);
    if (!groups.some((group) => group.sftFraction === 1)) return [];
    const mixed = groups.filter((group) => group.sftFraction > 0 && group.sftFraction <= 0.5);
    const pure = groups.filter((group) => group.sftFraction === 0 || group.sftFraction === 1);
    const left = { name: 'best of 0 < SFT share ≤ 0.5', groups: mixed };
    const right = { name: 'best of SFT share 0 and SFT share 1', groups: pure };
    return compareAnswers(inference, { budget, left, right, threshold: rules.equivalenceMargin });
  });
  return {
    claim: 'C2',
    title: 'With much data, a mixture with a small SFT share is best',
    rule: `At every large budget (${joinNumbers(budgets)}), the best of 0 < SFT share ≤ 0.5 less the better of SFT share 0 and SFT share 1 is above ${rules.equivalenceMargin}.`,
    parts,
    concerns: (budget, r) => budgets.includes(budget) && (r <= 0.5 || r === 1),
    stakes: budgets.map((budget) => groupsAt(context, budget)),
    notes: bothEnds(context),
  };
}

/** SFT share 0 and the smallest 0 < SFT share ≤ 0.1 of a budget; undefined where either was not run. */
function coldAndWarm(groups: readonly Group[]): { cold: Group; warm: Group } | undefined {
  const cold = groups.find((group) => group.sftFraction === 0);
  const small = groups.filter((group) => group.sftFraction > 0 && group.sftFraction <= 0.1);
  const warm = small[small.length - 1];
  return cold && warm && { cold, warm };
}

function compareStarts(
  context: ClaimContext,
  budget: number,
  pair: { cold: Group; warm: Group },
): ClaimPart[] {
  const { inference, rules } = context;
  const { cold, warm } = pair;
  const left = { name: `SFT share ${warm.sftFraction}`, groups: [warm] };
  const right = { name: 'SFT share 0', groups: [cold] };
  const score = compareAnswers(inference, { budget, left, right, threshold: rules.equivalenceMargin });
  const rates = [warm, cold].map((group) => inference.measure(group, 'wellFormedRate').estimate);
  if (!rates.every(Number.isFinite)) return score;
  const shown = `${formatScore(rates[0]!)} less ${formatScore(rates[1]!)}`;
  const label = `At ${sayBudget(budget, inference.grid.unit)}, rate of the asked format at SFT share ${warm.sftFraction} less SFT share 0 (${shown})`;
  const matrix = crossUnits(inference, [warm], [cold], 'wellFormedRate');
  return [...score, { label, matrix, threshold: 0, metric: 'wellFormedRate' }];
}

function planColdStart(context: ClaimContext): ClaimPlan {
  const { rules } = context;
  const large = largeBudgets(context);
  const parts = [...rules.budgets]
    .sort((a, b) => a - b)
    .flatMap((budget) => {
      const pair = coldAndWarm(groupsAt(context, budget));
      if (pair === undefined) return [];
      const found = compareStarts(context, budget, pair);
      return large.includes(budget)
        ? found
        : found.map((part): ClaimPart => ({ ...part, informative: true }));
    });
  return {
    claim: 'C3',
    title: 'Preference tuning from the base fails, and at most 10% of SFT first repairs it',
    rule: `At every large budget (${joinNumbers(large)}), the smallest 0 < SFT share ≤ 0.1 scores above SFT share 0 by more than ${rules.equivalenceMargin}, and more of its answers keep the asked format.`,
    parts,
    concerns: (budget, r) => large.includes(budget) && r <= 0.1,
    stakes: large.map((budget) => groupsAt(context, budget)),
    notes: [],
    unseen: parts.some((part) => part.metric === 'wellFormedRate')
      ? []
      : ['The rate of the asked format was not recorded, so that part of the rule is not tested.'],
  };
}

/** Points per doubling between the first two budgets, less those between the last two. */
function slopeChange(inference: Inference, pure: readonly Group[]): Contrast {
  const slope = (from: Group, to: Group, sign: 1 | -1): { unit: Group; weight: number }[] => {
    const weight = sign / Math.log2(to.budget / from.budget);
    return [
      { unit: to, weight },
      { unit: from, weight: -weight },
    ];
  };
  const [first, second] = pure;
  const [beforeLast, last] = pure.slice(-2);
  return inference.contrast([...slope(first!, second!, 1), ...slope(beforeLast!, last!, -1)]);
}

function planDiminishing({ inference }: ClaimContext): ClaimPlan {
  const pure = inference.grid.groups.filter((group) => group.sftFraction === 1);
  const scores = pure.map((group) => formatScore(inference.measure(group).estimate)).join(', ');
  const label = `At SFT share 1 (${scores} at ${joinBudgets(
    pure.map((group) => group.budget),
    inference.grid.unit,
  )}), gain per doubling over the first step less that over the last`;
  const enough = pure.length >= 3;
  return {
    claim: 'C4',
    title: 'SFT examples buy less and less',
    rule: 'At SFT share 1, the gain per doubling of the budget between the first two budgets less that between the last two is above 0.',
    parts: enough ? [{ label, matrix: [[slopeChange(inference, pure)]], threshold: 0 }] : [],
    concerns: (_, r) => r === 1,
    stakes: [pure],
    notes: enough ? [] : [`Three budgets at SFT share 1 are needed; ${pure.length} finished.`],
  };
}

const pairHeavy = ({ sftRows, pairRows }: Group): boolean => pairRows > sftRows && sftRows > 0;

/** The cost of an even split of the budget, in prices of a pair. At ratio 1 every split costs as much. */
function moneyOf(budget: number, ratio: number): number {
  return ratio * Math.ceil(budget / 2) + Math.floor(budget / 2);
}

function nameCell(inference: Inference, groups: readonly Group[]): string {
  const scores = groups.map((group) => inference.measure(group).estimate);
  const best = groups[scores.indexOf(Math.max(...scores))]!;
  return `${formatCount(best.sftRows)} + ${formatCount(best.pairRows)} at ${formatScore(Math.max(...scores))}`;
}

function comparePurchases({ inference }: ClaimContext, budget: number, ratio: number): ClaimPart[] {
  const money = moneyOf(budget, ratio);
  const affordable = inference.grid.groups.filter((group) => ratio * group.sftRows + group.pairRows <= money);
  const left = affordable.filter(pairHeavy);
  const right = affordable.filter((group) => !pairHeavy(group));
  if (left.length === 0 || right.length === 0) return [];
  const names = `best purchase with N_pair > N_sft > 0 (${nameCell(inference, left)}) less best other one (${nameCell(inference, right)})`;
  const label = `For ${formatCount(money)} pairs' money at ratio ${ratio}, ${names}`;
  return [{ label, matrix: crossUnits(inference, left, right), threshold: 0 }];
}

function notesOnRatio({ priceRatio }: ClaimContext): string[] {
  if (priceRatio === undefined) return [];
  const own = `At the prices of this page a demonstration costs ${Number(priceRatio.own.toFixed(2))} pairs.`;
  if (priceRatio.most === undefined) return [own];
  return [own, 'A pair contains a demonstration, so a demonstration never costs more than a pair.'];
}

function planPrices(context: ClaimContext): ClaimPlan {
  const large = largeBudgets(context);
  const ratios = priceRatiosOf(context);
  const stake = context.inference.grid.groups.filter((group) => group.budget <= Math.max(...large));
  return {
    claim: 'C5',
    title: 'At most price ratios, more pairs after some SFT are the best buy',
    rule: `At every ratio of prices, SFT to pair, of ${joinNumbers(ratios)}, for the cost of an even split of a large budget (${joinNumbers(large)}), the best affordable cell has N_pair > N_sft > 0.`,
    parts: large.flatMap((budget) => ratios.flatMap((ratio) => comparePurchases(context, budget, ratio))),
    concerns: (budget) => budget <= Math.max(...large),
    stakes: [stake],
    notes: ['Only splits that were run are compared, without interpolation.', ...notesOnRatio(context)],
  };
}

/** The study's five claims, applied to one sweep. */
export function planClaims(context: ClaimContext): ClaimPlan[] {
  return [
    planLowData(context),
    planLargeBudgets(context),
    planColdStart(context),
    planDiminishing(context),
    planPrices(context),
  ];
}
