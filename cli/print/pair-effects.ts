import type { PairEffect } from '../../contracts/analysis/controls';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { pairEffectWords } from '../../report/words';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatFraction, formatScore } from './numbers';
import { renderTable, type TableCell } from './table';

/** What preference tuning added to each cell: its score less that of its warm start. */
export function renderPairEffects({ pairEffects, unit }: SubjectAnalysis, ink: Ink): string[] {
  if (pairEffects.length === 0) return [];
  const rowOf = (one: PairEffect): TableCell[] =>
    [
      formatBudget(one.budget, unit),
      formatFraction(one.sftFraction),
      formatScore(one.warmStart.estimate),
      formatScore(one.score.estimate),
      formatDifference(one.difference),
      pairEffectWords(one),
    ].map((text) => ({ text }));
  const columns = [
    { title: 'budget', right: true },
    { title: 'SFT share', right: true },
    { title: 'warm start' },
    { title: 'with pairs' },
    { title: 'difference' },
    { title: 'pairs' },
  ];
  return [
    '  Preference tuning less its warm start (at SFT share 0: less the base model)',
    ...renderTable({ columns, rows: pairEffects.map(rowOf), head: ink.faint }),
  ];
}
