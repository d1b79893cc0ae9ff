import type { PairEffect } from '../contracts/analysis/controls';
import { bestSplits, isMixture } from '../contracts/best-split';
import type { BudgetAnalysis } from '../contracts/analysis/splits';
import type { SubjectAnalysis } from '../contracts/analysis/sweep';

type Compared = Pick<SubjectAnalysis, 'cells' | 'budgets' | 'pairEffects' | 'controls' | 'candidates'>;

interface Place {
  readonly budget: number;
  readonly sftFraction: number | null;
}

const isAt = (a: Place, b: Place): boolean => a.budget === b.budget && a.sftFraction === b.sftFraction;

/** What pairs added to the best mixture of each budget, where its warm start has a score. */
function effectsOfBest({ cells, pairEffects, budgets }: Compared): PairEffect[] {
  return budgets.flatMap(({ budget }) => {
    const mixtures = cells.filter((cell) => cell.budget === budget && isMixture(cell));
    const [best] = bestSplits(mixtures, (cell) => ({ ...cell, score: cell.score.estimate }));
    return best === undefined ? [] : pairEffects.filter((effect) => isAt(effect, best));
  });
}

/** What pairs added to the best mixture of each budget. */
export function answerPairs(analysis: Compared): string[] {
  const best = effectsOfBest(analysis).map(({ reading }) => reading);
  const isWinner = ({ sftFraction, noWinner }: BudgetAnalysis): boolean =>
    sftFraction > 0 && sftFraction < 1 && noWinner === null;
  if (best.length > 0 || !analysis.budgets.some(isWinner)) return best;
  return ['The warm start of the best mixture has no score, so it is not known what pairs add.'];
}

/** The controls of the splits that are named best, and how controls train. */
export function answerControls({ controls, candidates, budgets }: Compared): string[] {
  const onChosen = controls.filter(({ kind }) => kind === 'sft-on-chosen');
  const winners = budgets.filter(({ noWinner }) => noWinner === null);
  const shown = onChosen.filter((control) => winners.some((winner) => isAt(winner, control)));
  const bought = controls.filter((control) =>
    candidates.some((one) => one.recommended && one.kind === control.kind && isAt(one, control)),
  );
  const training = [...shown, ...bought].map((control) => control.training).filter((text) => text !== '');
  const notes = [...new Set(training)];
  const mixture = winners.some(
    ({ sftFraction, beatsBase }) => sftFraction > 0 && sftFraction < 1 && beatsBase !== false,
  );
  if (onChosen.length === 0 && mixture)
    return [
      'No ablation (SFT on the chosen answers) was run, so the gain may come from the data and not from the preference loss.',
    ];
  return [...shown.map(({ reading }) => reading), ...notes];
}
