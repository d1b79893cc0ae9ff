import type { Estimate } from '../contracts/analysis/estimate';
import type { FailedCellAnalysis } from '../contracts/analysis/sweep';
import type { ClaimVerdict } from '../contracts/analysis/verdicts';
import { boundBest, simultaneousCritical, simultaneousHalf, singleHalf } from './bounds';
import { planClaims, type ClaimContext, type ClaimPart, type ClaimPlan } from './claim-rules';
import type { Group } from './grid';
import type { Inference } from './inference';
import { countOf, formatDifference, formatSigned } from '../contracts/text';
import { joinBudgets, sayBudget } from './text';

/** A verdict needs at least this number of seeds. */
const seedsNeeded = 3;

/** Values closer than this are equal. */
const tie = 1e-9;

interface Bounded {
  readonly part: ClaimPart;
  /** Simultaneous bounds over all parts of the claim. */
  readonly together: Estimate;
  /** Bounds of this part by itself. */
  readonly alone: Estimate;
}

function boundParts(inference: Inference, parts: readonly ClaimPart[]): Bounded[] {
  const critical = simultaneousCritical(
    inference,
    parts.map(({ matrix }) => matrix),
  );
  return parts.map((part) => ({
    part,
    together: boundBest(part.matrix, simultaneousHalf(critical)),
    alone: boundBest(part.matrix, singleHalf),
  }));
}

type Reading = 'for' | 'against' | 'unclear';

/** For: every bound is past its threshold. Against: one excludes it. */
function readBounds(bounds: readonly { value: Estimate; threshold: number }[]): Reading {
  if (bounds.some(({ value, threshold }) => (value.high ?? value.estimate) < threshold - tie))
    return 'against';
  const all = bounds.every(({ value, threshold }) => (value.low ?? value.estimate) > threshold + tie);
  return all ? 'for' : 'unclear';
}

/** Why the claim cannot be decided, in sentences. Empty: it can. */
function findObstacles(context: ClaimContext, plan: ClaimPlan, bounded: readonly Bounded[]): string[] {
  return [
    ...missingBounds(bounded),
    ...missingSeeds(context.inference, bounded),
    ...plan.stakes.flatMap((groups) => missingGain(context, groups)),
  ];
}

function missingBounds(bounded: readonly Bounded[]): string[] {
  return bounded.some(({ together }) => together.low === null)
    ? ['Without item rows or item counts there are no bounds: these are point estimates.']
    : [];
}

function missingSeeds({ grid }: Inference, bounded: readonly Bounded[]): string[] {
  const contrasts = bounded.flatMap(({ part }) => part.matrix.flat());
  const runs = contrasts
    .flatMap(({ terms }) => terms.map(({ unit }) => unit))
    .filter((unit) => unit !== grid.base);
  const seeds = new Set(runs.flatMap((unit) => unit.runs.map((run) => run.seed)));
  const thinnest = Math.min(...runs.map((unit) => unit.runs.length));
  if (seeds.size >= seedsNeeded && thinnest >= 2) return [];
  const [found, count] =
    seeds.size < seedsNeeded ? ['The sweep', seeds.size] : ['A cell that is compared', thinnest];
  return [
    `${found} has ${countOf(count, 'seed')}, a verdict needs ${seedsNeeded}: the numbers are conditional on these trained models.`,
  ];
}

function missingGain({ inference, rules }: ClaimContext, groups: readonly Group[]): string[] {
  const { base } = inference.grid;
  if (groups.length === 0) return [];
  if (base === null)
    return ['The base model’s score is unknown; a verdict needs a gain over it of three margins.'];
  const scores = groups.map((group) => inference.measure(group).estimate);
  const gain = Math.max(...scores) - inference.measure(base).estimate;
  const needed = 3 * rules.equivalenceMargin;
  if (gain > needed + tie) return [];
  const budgets = joinBudgets([...new Set(groups.map((group) => group.budget))], inference.grid.unit);
  return [
    `The best at ${budgets} is ${formatSigned(gain)} over the base; a verdict needs more than ${formatSigned(needed)}.`,
  ];
}

function describePart({ part, together }: Bounded): string {
  const needs = part.informative
    ? '; for information, not part of the rule'
    : `; the claim needs more than ${formatSigned(part.threshold)}`;
  return `${part.label}: ${formatDifference(together)}${needs}.`;
}

/** How far a comparison is past its threshold. The smallest decides the claim. */
const leeway = ({ part, alone }: Bounded): number => (alone.low ?? alone.estimate) - part.threshold;

function decidingPart(ruling: readonly Bounded[]): string | null {
  const [first] = [...ruling].sort((a, b) => leeway(a) - leeway(b));
  return first === undefined ? null : describePart(first);
}

/** Cells of the rule that failed with every seed. */
function missingCells(
  { inference }: ClaimContext,
  plan: ClaimPlan,
  failedCells: readonly FailedCellAnalysis[],
): string[] {
  return failedCells
    .filter(({ budget, sftFraction }) => plan.concerns(budget, sftFraction))
    .filter(
      ({ budget, sftFraction }) =>
        !inference.grid.groups.some((group) => group.budget === budget && group.sftFraction === sftFraction),
    )
    .map(
      ({ budget, sftFraction, seed, code }) =>
        `SFT share ${sftFraction} at ${sayBudget(budget, inference.grid.unit)}, seed ${seed}, failed (${code}), so the claim is not decided.`,
    );
}

function headOf({ claim, title, rule }: ClaimPlan): Pick<ClaimVerdict, 'claim' | 'title' | 'rule'> {
  return { claim, title, rule };
}

const ownPipeline = 'The definition has a pipeline of its own; the claim is about the built-in one.';

function notTested(plan: ClaimPlan, evidence: readonly string[]): ClaimVerdict {
  const open = { pointsTo: null, conditional: false, decidedBy: null, pointStatement: false };
  return { ...headOf(plan), verdict: 'not tested', ...open, evidence };
}

function judgePlan(
  context: ClaimContext,
  plan: ClaimPlan,
  failedCells: readonly FailedCellAnalysis[],
): ClaimVerdict {
  if (context.rules.pipeline !== undefined) return notTested(plan, [ownPipeline]);
  const bounded = boundParts(context.inference, plan.parts);
  const ruling = bounded.filter(({ part }) => part.informative === undefined);
  const comparisons = [...bounded.map(describePart), ...plan.notes];
  const missing = missingCells(context, plan, failedCells);
  if (ruling.length === 0) {
    const reason = 'The cells that this claim compares were not all run.';
    return notTested(plan, [reason, ...comparisons, ...missing]);
  }
  const obstacles = [...findObstacles(context, plan, ruling), ...missing];
  const read = (key: 'together' | 'alone'): Reading =>
    readBounds(ruling.map((entry) => ({ value: entry[key], threshold: entry.part.threshold })));
  const firm = obstacles.length === 0 ? read('together') : 'unclear';
  const unseen = plan.unseen ?? [];
  const confirmed = firm === 'for' && unseen.length === 0;
  const verdict = confirmed ? 'confirmed' : firm === 'against' ? 'refuted' : 'undecided';
  return {
    ...headOf(plan),
    verdict,
    pointsTo: verdict === 'undecided' ? read('alone') : null,
    conditional: verdict === 'undecided' && obstacles.length > 0,
    evidence: [...comparisons, ...unseen, ...obstacles],
    decidedBy: decidingPart(ruling),
    pointStatement: ruling.some(({ together }) => together.low === null),
  };
}

/** Judges the study's five claims over one sweep. Bounds are simultaneous over each claim's comparisons. */
export function judgeClaims(
  context: ClaimContext,
  failedCells: readonly FailedCellAnalysis[],
): ClaimVerdict[] {
  return planClaims(context).map((plan) => judgePlan(context, plan, failedCells));
}
