import type { AuxiliaryCell } from '../contracts/analysis/auxiliary';
import type { ControlEffect } from '../contracts/analysis/controls';

/** Effect of training on an auxiliary task's score. */
export const effectWords: Readonly<Record<ControlEffect, string>> = {
  hurts: 'falls',
  helps: 'rises',
  none: 'stays',
  unclear: 'not significant',
};

/** The model that was scored: after SFT, or after preference tuning. */
export function modelAt({ sftRows, pairRows }: Pick<AuxiliaryCell, 'sftRows' | 'pairRows'>): string {
  if (pairRows === 0) return 'SFT';
  return sftRows === 0 ? 'policy, no SFT' : 'policy after SFT';
}
