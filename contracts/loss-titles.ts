import type { PreferenceLossName } from '../schemas/losses';

/** What each preference loss is called, as it begins a line. */
export const lossTitles: Readonly<Record<PreferenceLossName, string>> = {
  sigmoid: 'DPO',
  cdpo: 'Conservative DPO',
  robust: 'Robust DPO',
  hinge: 'Hinge preference tuning',
  ipo: 'IPO',
  sigmoid_norm: 'Length-normalised DPO',
  simpo: 'SimPO',
  'sigmoid-nll': 'DPO with NLL',
  kto: 'KTO',
};

/** Losses whose rewards are not measured against the reference. */
export const hasNoReference = (name: PreferenceLossName): boolean => name === 'simpo';
