import type { AuxiliaryCell, ControlEffect } from '../contracts/analysis';

/** What has become of a task that training was not for. */
export const effectWords: Readonly<Record<ControlEffect, string>> = {
  hurts: 'falls',
  helps: 'rises',
  none: 'stays',
  unclear: 'open',
};

/** Which model a cell's score is of: after SFT alone, or after preference tuning. */
export function modelAt({ sftRows, pairRows }: Pick<AuxiliaryCell, 'sftRows' | 'pairRows'>): string {
  if (pairRows === 0) return 'SFT';
  return sftRows === 0 ? 'policy, no SFT' : 'policy after SFT';
}
