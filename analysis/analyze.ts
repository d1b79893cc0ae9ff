import type { IntervalBasis, SweepAnalysis } from '../contracts/analysis';
import type { SweepDefinition } from '../contracts/definition';
import type { CellHole, SweepResult } from '../contracts/results';
import { writeAnswer } from './answer';
import { analyzeBudgets, measureStyle } from './best';
import { judgeClaims } from './claims';
import { diagnoseColdStart } from './cold-start';
import { analyzeControls } from './controls';
import { buildGrid, type Grid, type ItemsByRun } from './grid';
import { createInference, type Inference } from './inference';
import { seedVariance } from './seed-pool';
import { diagnoseStagnation } from './stagnation';
import { countOf, joinNumbers } from './text';

/** Joint bootstrap draws: a probability is known to within a hundredth. */
const defaultDraws = 2000;

export interface AnalyzeSweepInput {
  readonly result: SweepResult;
  readonly definition: SweepDefinition;
  /** Item rows by cell id, `controlItemsKey` of a control, or `baseItemsKey`. Where they are missing, summaries serve. */
  readonly items: ItemsByRun;
  /** Joint bootstrap draws; 2,000 unless told. */
  readonly draws?: number;
}

function basisOf(inference: Inference): IntervalBasis {
  if (inference.pools('score').of.size > 0) return 'items-and-seeds';
  const { base, groups } = inference.grid;
  return [base, ...groups].some((unit) => inference.measure(unit).itemVariance !== null) ? 'items' : 'none';
}

function labelOf(basis: IntervalBasis, { seeds }: Grid): string {
  switch (basis) {
    case 'none':
      return 'Bare scores: there were no items to make intervals from.';
    case 'items':
      return '95 % intervals over test items, conditional on these trained models: one seed does not say what another training run would give.';
    case 'items-and-seeds':
      return `95 % intervals over test items and ${countOf(seeds.length, 'seed')}: seed variance pooled over the cells of a budget, Student's t.`;
  }
}

function seedDeviations(inference: Inference): { budget: number; deviation: number }[] {
  const pools = inference.pools('score');
  const outliers = new Set(pools.outliers.map((measure) => measure.unit.key));
  const found = new Map<number, number>();
  for (const group of inference.grid.groups) {
    const pool = pools.of.get(group.key);
    if (pool !== undefined && !outliers.has(group.key))
      found.set(group.budget, Math.sqrt(seedVariance(pool)));
  }
  return [...found].map(([budget, deviation]) => ({ budget, deviation }));
}

function describeHole({ cell, code, message }: CellHole): SweepAnalysis['holes'][number] {
  const { id, budget, sftFraction, seed } = cell;
  return { cellId: id, budget, sftFraction, seed, code, message };
}

function noteSeeds(inference: Inference): string[] {
  const uneven = inference.grid.groups.filter((group) => group.runs.length < inference.grid.seeds.length);
  const outliers = inference
    .pools('score')
    .outliers.map(
      ({ unit, byRun }) =>
        `${unit.key} varies between seeds far more than the rest (${joinNumbers(byRun.map((score) => Number(score.toFixed(3))))}), so it keeps a seed variance of its own.`,
    );
  const missing = uneven.map(
    (group) =>
      `r = ${group.sftFraction} at ${countOf(group.budget, 'row')} has ${countOf(group.runs.length, 'seed')} of ${inference.grid.seeds.length}.`,
  );
  return [...missing, ...outliers];
}

/**
 * Analyses one sweep: which split to buy at each budget, how sure that is, what went wrong at r = 0, what the
 * control says, and a verdict on each of the study's claims. Pure; the same input gives the same analysis, whatever
 * the order of cells and items. Cells that failed are named and the rest is analysed without them.
 */
export function analyzeSweep({
  result,
  definition,
  items,
  draws = defaultDraws,
}: AnalyzeSweepInput): SweepAnalysis {
  const grid = buildGrid(result, items);
  const inference = createInference(grid, draws);
  const holes = result.holes.map(describeHole);
  const basis = basisOf(inference);
  const { delta } = definition;
  const answered = {
    version: 1 as const,
    sweepId: result.sweepId,
    task: definition.task,
    model: definition.model,
    annotator: definition.annotator,
    seeds: grid.seeds,
    items: grid.items,
    intervals: {
      level: 0.95 as const,
      basis,
      label: labelOf(basis, grid),
      seedDeviations: seedDeviations(inference),
    },
    delta,
    base: { score: inference.score(grid.base), style: measureStyle(inference, grid.base) },
    ...analyzeBudgets(inference),
    coldStart: diagnoseColdStart(inference, delta),
    stagnation: diagnoseStagnation(inference, delta),
    controls: analyzeControls(inference, delta),
    verdicts: judgeClaims({ inference, definition }, holes),
    holes,
    notes: [...grid.notes, ...noteSeeds(inference)],
  };
  return { ...answered, answer: writeAnswer(answered) };
}
