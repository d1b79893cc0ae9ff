import type { CandidateAnalysis } from '../contracts/analysis/controls';
import type { BudgetAnalysis } from '../contracts/analysis/splits';
import type { SubjectAnalysis } from '../contracts/analysis/sweep';
import { countOf, describeSplit, formatCount, formatDifference, formatScore } from '../contracts/text';
import { nameUsd } from '../core/money';
import { sayBudget, sayScore, sayTest } from './text';

/** What to buy, and how to train on it. */
function purchaseOf(candidate: CandidateAnalysis): readonly [rows: string, training: string] {
  const { kind, sftFraction, sftRows, pairRows } = candidate;
  const training = (data: string): string => `SFT on ${data} (control ${kind})`;
  if (kind === 'warm-start') return [countOf(sftRows, 'demonstration'), training('them alone')];
  return kind === 'sft-on-chosen'
    ? [`SFT share ${sftFraction} (${describeSplit(candidate)})`, training('the chosen answers of the pairs')]
    : [
        countOf(sftRows, 'demonstration'),
        training(`${formatCount(pairRows)} correct samples of the warm start, in place of pairs`),
      ];
}

/** The sentence for a budget whose best purchase is a control. */
export function recommendCandidate(
  candidate: CandidateAnalysis,
  best: BudgetAnalysis,
  { base, unit }: Pick<SubjectAnalysis, 'base' | 'unit'>,
): string {
  const { annotationUsd, score, overBest } = candidate;
  const baseScore = base === null ? '' : ` (${formatScore(base.score.estimate)})`;
  const weak =
    best.beatsBase === false ? `, which is not significantly above the base model${baseScore}` : '';
  const [rows, training] = purchaseOf(candidate);
  const buy = `With ${sayBudget(candidate.budget, unit)} buy ${rows} and train with ${training}`;
  const result = `it scores ${sayScore(score)} for ${nameUsd(annotationUsd)}, ${formatDifference(overBest)} over the best split`;
  return `${buy}: ${result}, SFT share ${best.sftFraction} (${describeSplit(best)}), ${sayScore(best.score)}${weak}.${sayTest(candidate.test)}`;
}

/** A control that is not better than the best split. Empty: it is the control of that split, which has a sentence of its own. */
export function compareCandidate(candidate: CandidateAnalysis, best: BudgetAnalysis): string[] {
  const { kind, sftFraction, annotationUsd, score, overBest } = candidate;
  if (kind === 'sft-on-chosen' && sftFraction === best.sftFraction && best.noWinner === null) return [];
  const doubt = (overBest.low ?? 1) <= 0 && (overBest.high ?? -1) >= 0 ? ', not significant' : '';
  const [rows, training] = purchaseOf(candidate);
  return [
    `For ${nameUsd(annotationUsd)}, ${rows} with ${training} scores ${sayScore(score)}, ${formatDifference(overBest)} against the best split${doubt}.`,
  ];
}
