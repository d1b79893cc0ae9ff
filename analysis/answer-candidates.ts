import type { CandidateAnalysis } from '../contracts/analysis/controls';
import type { BudgetAnalysis } from '../contracts/analysis/splits';
import type { SubjectAnalysis } from '../contracts/analysis/sweep';
import { countOf, describeSplit, formatCount, formatDifference, formatScore } from '../contracts/text';
import { nameUsd } from '../core/money';
import { sayBudget, sayScore, sayTest } from './text';

/** What to buy, and what to do with it. */
interface BoughtControl {
  readonly rows: string;
  /** "train with SFT on them alone (control warm-start)". */
  readonly order: string;
  /** "with SFT on them alone (control warm-start)". */
  readonly use: string;
}

/** The data of SFT. */
function trainedOn({ kind, pairRows }: CandidateAnalysis): string {
  if (kind === 'warm-start') return 'them alone';
  return kind === 'sft-on-chosen'
    ? 'the chosen answers of the pairs'
    : `${formatCount(pairRows)} correct samples of the warm start, in place of pairs`;
}

function purchaseOf(candidate: CandidateAnalysis): BoughtControl {
  const { kind, sftFraction, sftRows } = candidate;
  const demonstrations = countOf(sftRows, 'demonstration');
  if (kind === 'few-shot') {
    const use = `in the prompt of the base model, without training (control ${kind})`;
    return { rows: demonstrations, order: `put ${sftRows === 1 ? 'it' : 'them'} ${use}`, use };
  }
  const use = `with SFT on ${trainedOn(candidate)} (control ${kind})`;
  const rows =
    kind === 'sft-on-chosen' ? `SFT share ${sftFraction} (${describeSplit(candidate)})` : demonstrations;
  return { rows, order: `train ${use}`, use };
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
  const { rows, order } = purchaseOf(candidate);
  const buy = `With ${sayBudget(candidate.budget, unit)} buy ${rows} and ${order}`;
  const result = `it scores ${sayScore(score)} for ${nameUsd(annotationUsd)}, ${formatDifference(overBest)} over the best split`;
  return `${buy}: ${result}, SFT share ${best.sftFraction} (${describeSplit(best)}), ${sayScore(best.score)}${weak}.${sayTest(candidate.test)}`;
}

/** A control that is not better than the best split. Empty: it is the control of that split, which has a sentence of its own. */
export function compareCandidate(candidate: CandidateAnalysis, best: BudgetAnalysis): string[] {
  const { kind, sftFraction, annotationUsd, score, overBest } = candidate;
  if (kind === 'sft-on-chosen' && sftFraction === best.sftFraction && best.noWinner === null) return [];
  const doubt = (overBest.low ?? 1) <= 0 && (overBest.high ?? -1) >= 0 ? ', not significant' : '';
  const { rows, use } = purchaseOf(candidate);
  return [
    `For ${nameUsd(annotationUsd)}, ${rows} ${use} scores ${sayScore(score)}, ${formatDifference(overBest)} against the best split${doubt}.`,
  ];
}
