import type { SweepDefinition } from '../schemas/definition';

/** Number of demonstrations in the prompt of the control `few-shot`. */
export const numFewShotOf = ({ numFewShot = 4 }: Pick<SweepDefinition, 'numFewShot'>): number => numFewShot;
