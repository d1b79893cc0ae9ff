import type { PairEffect } from '../contracts/analysis/controls';
import { countOf, formatDifference } from '../contracts/text';
import { judge } from './controls';
import { type Group, type Unit, warmStartOf } from './grid';
import { intervalOf, type Inference } from './inference';
import { sayBudget, sayScore } from './text';
import { hasFewSteps, stepsOf } from './training';

function sayEffect({ effect, steps }: Pick<PairEffect, 'effect' | 'steps'>): string {
  switch (effect) {
    case 'helps':
      return 'pairs help';
    case 'none':
      return 'pairs add nothing';
    case 'hurts':
      return 'pairs hurt';
    case 'unclear':
      return 'what pairs add is undecided';
    case 'under-trained':
      return `preference tuning is under-trained (${countOf(steps ?? 0, 'optimiser step')}), so the score says little about pairs`;
  }
}

function measureEffect(inference: Inference, group: Group, warm: Unit, margin: number): PairEffect {
  const { budget, sftFraction, sftRows, pairRows, trained } = group;
  const [score, warmStart] = [inference.score(group), inference.score(warm)];
  const difference = intervalOf(inference.difference(group, warm));
  const judged = judge(difference, margin);
  const effect = judged !== 'helps' && hasFewSteps(group) ? 'under-trained' : judged;
  const steps = stepsOf(trained);
  const start = sftFraction === 0 ? 'the base model' : 'its warm start';
  const place = `At ${sayBudget(budget, inference.grid.unit)} and SFT share ${sftFraction}`;
  const scores = `${sayScore(score)}, ${start} ${sayScore(warmStart)}, a difference of ${formatDifference(difference)}`;
  return {
    budget,
    sftFraction,
    sftRows,
    pairRows,
    score,
    warmStart,
    difference,
    steps,
    effect,
    reading: `${place} ${sayEffect({ effect, steps })}: ${scores}.`,
  };
}

/** What preference tuning added to each cell with pairs: the cell less its warm start, by item and seed. */
export function measurePairEffects(inference: Inference, margin: number): PairEffect[] {
  const { grid } = inference;
  return grid.groups.flatMap((group) => {
    const warm = warmStartOf(grid, group);
    return warm === undefined ? [] : [measureEffect(inference, group, warm, margin)];
  });
}
