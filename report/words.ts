import type { PairEffect } from '../contracts/analysis/controls';
import type { BudgetAnalysis } from '../contracts/analysis/splits';
import { formatFraction } from './format';

/** What pairs did to a cell, in a table. */
export function pairEffectWords({ effect }: PairEffect): string {
  switch (effect) {
    case 'helps':
      return 'help';
    case 'none':
      return 'add nothing';
    case 'hurts':
      return 'hurt';
    case 'unclear':
      return 'undecided';
    case 'under-trained':
      return 'under-trained';
  }
}

/** The best SFT share of a budget, or why none is named: "0.5", "0.5 (all tied)", "none (no score at 1)". */
export function nameWinner({ noWinner, sftFraction, missing }: BudgetAnalysis): string {
  switch (noWinner) {
    case 'missing-split':
      return `none (no score at ${missing.map(formatFraction).join(', ')})`;
    case 'only-split':
      return `${formatFraction(sftFraction)} (the only split)`;
    case 'all-tied':
      return `${formatFraction(sftFraction)} (all tied)`;
    case null:
      return formatFraction(sftFraction);
  }
}
