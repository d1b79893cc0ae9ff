import { isMixture } from '../contracts/best-split';
import { nameBudget } from '../contracts/budget-name';
import type { Finding } from '../contracts/analysis/diagnoses';
import type { Estimate } from '../contracts/analysis/estimate';
import { groupsByBudget, type Group, type Unit, warmStartOf } from './grid';
import { intervalOf, type Inference } from './inference';
import type { ClaimBudgets } from './claim-rules';
import { tie } from './regions';
import { countOf, formatDifference, formatScore, formatSigned } from '../contracts/text';
import { sayBudget } from './text';
import { isUnderTrained } from './training';

/** Answers count as longer from this share above those of the warm start on. */
const grownBy = 0.25;

function highest(inference: Inference, groups: readonly Group[]): Group {
  const scores = groups.map((group) => inference.measure(group).estimate);
  return groups[scores.indexOf(Math.max(...scores))]!;
}

/** Gain per doubling of the budget between two cells. */
function perDoubling(inference: Inference, from: Group, to: Group): Estimate {
  const weight = 1 / Math.log2(to.budget / from.budget);
  return intervalOf(
    inference.contrast([
      { unit: to, weight },
      { unit: from, weight: -weight },
    ]),
  );
}

/** Present: a doubling buys at most the margin (95%). Absent: it buys significantly more. */
function judgeGain({ estimate, low, high }: Estimate, margin: number): Finding['status'] {
  if ((high ?? estimate) <= margin + tie) return 'present';
  return (low ?? estimate) > margin + tie ? 'absent' : 'unclear';
}

function describeStep(from: Group, to: Group, gain: Estimate, inference: Inference): string {
  const score = (group: Group): string =>
    `${formatScore(inference.measure(group).estimate)} (SFT share ${group.sftFraction}, budget ${nameBudget(group.budget, inference.grid.unit)})`;
  return `From ${score(from)} to ${score(to)}: ${formatDifference(gain)} per doubling.`;
}

const saturationAdvice: Record<Finding['status'], string> = {
  present: 'More demonstrations alone gain nothing: buy no more of them alone.',
  absent: 'More demonstrations alone still gain at the largest budget.',
  unclear: 'The gain of more demonstrations alone at the largest budget is not significant.',
};

/** Whether demonstrations alone have stopped paying at the largest two budgets. */
function findSaturation(inference: Inference, margin: number): Finding[] {
  const pure = inference.grid.groups.filter((group) => group.sftFraction === 1);
  const [from, to] = pure.slice(-2);
  if (from === undefined || to === undefined) return [];
  const gain = perDoubling(inference, from, to);
  const status = judgeGain(gain, margin);
  const evidence = [describeStep(from, to, gain, inference)];
  const place = { budget: to.budget, sftFraction: 1 };
  return [{ kind: 'saturation', ...place, status, evidence, advice: saturationAdvice[status] }];
}

const nextPurchase: Record<Finding['status'], string> = {
  present: 'Stop: the last doubling of the budget gained nothing.',
  absent: 'Buy more: the last doubling of the budget still gained.',
  unclear: 'Not significant: run another seed or a larger test set to see whether the last doubling gained.',
};

/**
 * Whether to buy more than the largest budget: by the gain of the best split over the last step. Unknown where a split of
 * either budget is missing.
 */
function findNextPurchase(inference: Inference, incomplete: readonly number[], margin: number): Finding[] {
  const [from, to] = [...groupsByBudget(inference.grid.groups).values()]
    .slice(-2)
    .map((groups) => highest(inference, groups));
  if (from === undefined || to === undefined) return [];
  if ([from, to].some(({ budget }) => incomplete.includes(budget))) return [];
  const gain = perDoubling(inference, from, to);
  const status = judgeGain(gain, margin);
  const evidence = [describeStep(from, to, gain, inference)];
  const { budget, sftFraction } = to;
  return [{ kind: 'buy-more-or-stop', budget, sftFraction, status, evidence, advice: nextPurchase[status] }];
}

/** Preference tuning that makes answers longer and not better. */
function findLengthHacking(inference: Inference, warm: Unit, mixed: Group, margin: number): Finding[] {
  const before = inference.measure(warm, 'meanTokens').estimate;
  const longer = intervalOf(inference.difference(mixed, warm, 'meanTokens'));
  const better = intervalOf(inference.difference(mixed, warm));
  const grown = longer.estimate > grownBy * before && (longer.low ?? longer.estimate) > 0;
  if (!grown) return [];
  const status = judgeGain(better, margin);
  const { budget, sftFraction } = mixed;
  const share = `+${((100 * longer.estimate) / before).toFixed(0)}%`;
  const evidence = [
    `At ${sayBudget(budget, inference.grid.unit)} answers of SFT share ${sftFraction} are ${share} longer than those of its warm start, the score differs by ${formatDifference(better)}.`,
  ];
  const advice =
    status === 'present'
      ? 'The preference stage rewards length, not quality: balance the lengths of chosen and rejected, or normalise the loss by length.'
      : 'Answers grew with the score: compare samples of equal length before calling the gain one of quality.';
  return [{ kind: 'length-hacking', budget, sftFraction, status, evidence, advice }];
}

function findGrownAnswers(inference: Inference, margin: number): Finding[] {
  const mixtures = inference.grid.groups.filter(isMixture);
  return mixtures.flatMap((group) => {
    const warm = warmStartOf(inference.grid, group);
    if (warm === undefined || Number.isNaN(inference.measure(warm, 'meanTokens').estimate)) return [];
    return findLengthHacking(inference, warm, group, margin);
  });
}

/** Cells with a training stage that made too few optimiser steps to judge its rows by. */
function findUnderTrained(inference: Inference): Finding[] {
  return inference.grid.groups.flatMap(({ budget, sftFraction, trained }): Finding[] => {
    const place = `At ${sayBudget(budget, inference.grid.unit)} and SFT share ${sftFraction}`;
    const evidence = trained
      .filter(isUnderTrained)
      .map(
        ({ title, steps }) =>
          `${place} "${title}" is under-trained: ${countOf(steps, 'optimiser step')}; the score says little about its rows.`,
      );
    const advice = 'Use a smaller batch size or more epochs, or buy more rows.';
    const finding = {
      kind: 'under-trained',
      budget,
      sftFraction,
      status: 'present',
      evidence,
      advice,
    } as const;
    return evidence.length === 0 ? [] : [finding];
  });
}

/** Chosen answers have fallen where they are at most half as likely as under the reference; less is noise of a few steps. */
const halved = -Math.LN2;

/** Policies under which the chosen answers have become clearly less likely than under the reference. */
function findFallingChosen(inference: Inference): Finding[] {
  return inference.grid.groups.flatMap(({ budget, sftFraction, chosenLogRatio }) => {
    if (chosenLogRatio === null || chosenLogRatio > halved) return [];
    const evidence = [
      `At ${sayBudget(budget, inference.grid.unit)} and SFT share ${sftFraction} log π − log π_ref of chosen answers ends at ${formatSigned(chosenLogRatio)}: at ${formatSigned(halved)} they are half as likely as under the reference.`,
    ];
    const advice =
      'Read the samples: the policy may answer something else. Lower the learning rate, raise beta, or add a likelihood term on the chosen answers.';
    return [
      { kind: 'falling-chosen' as const, budget, sftFraction, status: 'present' as const, evidence, advice },
    ];
  });
}

/**
 * Diagnoses other than the cold start: training, side effects of preference tuning, saturation.
 *
 * @param incomplete budgets with a missing split
 */
export function findFurther(
  inference: Inference,
  incomplete: readonly number[],
  { equivalenceMargin: margin, pipeline }: ClaimBudgets,
): Finding[] {
  return [
    ...findUnderTrained(inference),
    ...findFallingChosen(inference),
    ...(pipeline === undefined ? findGrownAnswers(inference, margin) : []),
    ...findSaturation(inference, margin),
    ...findNextPurchase(inference, incomplete, margin),
  ];
}
