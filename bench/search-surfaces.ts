/** A surface for a search: the true score of every split. */
export interface Surface {
  readonly name: string;
  readonly budgets: readonly number[];
  readonly fractions: readonly number[];
  /** True score, 0 … 1. */
  scoreAt(budget: number, fraction: number): number;
}

const budgets = [100, 500, 1000, 5000, 10000, 20000];
const fractions = [1, 0.75, 0.5, 0.25, 0];

/** Scores × 100 by fraction (rows) and budget (columns): Llama 3.1 8B, digitised from the main figure of arXiv 2502.11284. */
const tables = {
  'TL;DR': [
    [33, 50, 54, 57, 58, 58],
    [28, 54, 57, 56, 62, 61],
    [25, 56, 63, 66, 72, 71],
    [26, 32, 59, 67, 72, 72],
    [22, 27, 42, 54, 57, 59],
  ],
  helpfulness: [
    [53, 62, 61, 62, 65],
    [58, 65, 65, 64, 66],
    [54, 66, 64, 69, 64],
    [51, 62, 64, 69, 70],
    [51, 54, 58, 63, 65],
  ],
  IFEval: [
    [49, 56, 62, 72, 75, 81],
    [45, 52, 61, 76, 81, 83],
    [45, 49, 53, 78, 83, 87],
    [41, 48, 52, 71, 81, 86],
    [40, 37, 40, 58, 67, 70],
  ],
  GSM8K: [
    [29, 47, 53, 61, 65, 65],
    [25, 43, 51, 61, 67, 67],
    [24, 40, 47, 63, 66, 69],
    [21, 28, 41, 56, 65, 70],
    [19, 22, 22, 25, 28, 30],
  ],
} as const;

function tableSurface(name: string, rows: readonly (readonly number[])[]): Surface {
  return {
    name,
    budgets: budgets.slice(0, rows[0]!.length),
    fractions,
    scoreAt: (budget, fraction) => rows[fractions.indexOf(fraction)]![budgets.indexOf(budget)]! / 100,
  };
}

/** From 0.3 at 100 rows to 0.7 at 20,000, like the published curves. */
const rise = (budget: number): number => 0.3 + (0.4 * Math.log(budget / 100)) / Math.log(200);

function madeSurface(name: string, shape: (fraction: number) => number): Surface {
  return { name, budgets, fractions, scoreAt: (budget, fraction) => rise(budget) + shape(fraction) };
}

const twoPeaks: Readonly<Record<number, number>> = { 1: -0.04, 0.75: 0.06, 0.5: -0.04, 0.25: -0.04, 0: 0.04 };

/** The study's tables, and surfaces that do not look like the study's. */
export const surfaces: readonly Surface[] = [
  ...Object.entries(tables).map(([name, rows]) => tableSurface(name, rows)),
  tableSurface('GSM8K, fractions reversed', [...tables.GSM8K].reverse()),
  madeSurface('flat', () => 0),
  madeSurface('two peaks', (fraction) => twoPeaks[fraction] ?? 0),
  madeSurface('best at r = 0', (fraction) => -0.12 * fraction),
];
