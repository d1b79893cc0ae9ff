import type { PreferenceLoss, PreferenceLossName } from '../schemas/losses';

const titles: Readonly<Record<PreferenceLossName, string>> = {
  sigmoid: 'DPO',
  robust: 'Robust DPO',
  hinge: 'Hinge preference tuning',
  ipo: 'IPO',
  sigmoid_norm: 'Length-normalised DPO',
  simpo: 'SimPO',
  kto: 'KTO',
};

/** Name of a preference loss in text, with a capital, e.g. "Conservative DPO with NLL". */
export function lossTitle(loss: PreferenceLoss): string {
  if (loss.name !== 'sigmoid') return titles[loss.name];
  const title = loss.labelSmoothing === undefined ? titles.sigmoid : `Conservative ${titles.sigmoid}`;
  return loss.sftWeight === undefined ? title : `${title} with NLL`;
}

/** Whether a loss uses the frozen reference; rewards of the others are not relative to one. */
export const needsReference = (name: PreferenceLossName): boolean => name !== 'simpo';
