import type { AuxiliaryAnalysis, AuxiliaryCell } from '../contracts/analysis/auxiliary';
import type { AuxiliarySummary, EvaluationSummary, SweepResult } from '../contracts/results';
import { judge } from './controls';
import { buildGrid, type Grid, type GridInput, type Group, type ItemsByRun } from './grid';
import { createInference, intervalOf, type Inference } from './inference';
import { countOf, formatDifference } from '../contracts/text';
import { sayBudget, sayScore } from './text';

/** Item rows of auxiliary tasks: by name, then by run as for the task that is tuned for. */
export type AuxiliaryItems = ReadonlyMap<string, ItemsByRun>;

const summaryOf = ({ auxiliary = [] }: EvaluationSummary, name: string): AuxiliarySummary | null =>
  auxiliary.find((task) => task.name === name) ?? null;

function metricOf(name: string, { base, cells }: SweepResult): string {
  const evaluations = [...(base === null ? [] : [base]), ...cells.map(({ evaluation }) => evaluation)];
  return (
    evaluations.map((evaluation) => summaryOf(evaluation, name)).find((found) => found !== null)?.metric ??
    'score'
  );
}

/** The cells that were evaluated on the task. */
function gridOf(name: string, { base, cells }: SweepResult, unit: Grid['unit']): GridInput {
  const evaluated = cells.flatMap(({ cell, evaluation, annotationUsd }) => {
    const summary = summaryOf(evaluation, name);
    return summary === null ? [] : [{ cell, annotationUsd, evaluation: summary }];
  });
  return { unit, base: base && summaryOf(base, name), cells: evaluated, controls: [] };
}

function analyzeCell(inference: Inference, group: Group, margin: number): AuxiliaryCell {
  const { budget, sftFraction, sftRows, pairRows } = group;
  const { base } = inference.grid;
  const difference = base && intervalOf(inference.difference(group, base));
  const effect = difference === null ? 'unclear' : judge(difference, margin);
  return { budget, sftFraction, sftRows, pairRows, score: inference.score(group), difference, effect };
}

/** One sentence: in how many cells the score fell significantly, and where most. */
function read(name: string, inference: Inference, cells: readonly AuxiliaryCell[], margin: number): string {
  const { base, unit } = inference.grid;
  if (base === null) return `“${name}”: the base model has no score to compare with.`;
  const loss = ({ difference }: AuxiliaryCell): number => difference?.estimate ?? 0;
  const worst = cells.reduce((a, b) => (loss(b) < loss(a) ? b : a));
  const place = `at ${sayBudget(worst.budget, unit)}, SFT share ${worst.sftFraction}`;
  const at = worst.difference === null ? place : `${place}: ${formatDifference(worst.difference)}`;
  const score = inference.score(base);
  const from = `the base model’s ${sayScore(score)}`;
  const fallen = cells.filter(({ effect }) => effect === 'hurts').length;
  const all = countOf(cells.length, 'cell');
  if (fallen > 0) return `“${name}” is significantly below ${from} in ${fallen} of ${all} (95%); most ${at}.`;
  if (score.estimate <= margin) return `“${name}” cannot fall: the base model’s score is ${sayScore(score)}.`;
  if (cells.every(({ effect }) => effect === 'none'))
    return `“${name}” stays within ${margin} of ${from} in all of ${all}.`;
  return `“${name}” is significantly below ${from} in none of ${all} (95%); lowest ${at}.`;
}

function analyzeOne(
  { name, metric }: Pick<AuxiliaryAnalysis, 'name' | 'metric'>,
  inference: Inference,
  margin: number,
): AuxiliaryAnalysis[] {
  const { base, groups, items } = inference.grid;
  if (groups.length === 0) return [];
  const cells = groups.map((group) => analyzeCell(inference, group, margin));
  const reading = read(name, inference, cells, margin);
  return [{ name, metric, items, base: base && inference.score(base), cells, reading }];
}

export interface AuxiliaryInput {
  readonly result: SweepResult;
  /** Names of the definition's auxiliary tasks. */
  readonly names: readonly string[];
  readonly items: AuxiliaryItems;
  readonly unit: Grid['unit'];
  readonly margin: number;
  readonly resamples: number;
}

/** Regression checks: every cell compared with the untrained base, item by item, on each auxiliary task. */
export function analyzeAuxiliary({
  result,
  names,
  items,
  unit,
  margin,
  resamples,
}: AuxiliaryInput): AuxiliaryAnalysis[] {
  return names.flatMap((name) => {
    const grid = buildGrid(gridOf(name, result, unit), items.get(name) ?? null);
    return analyzeOne({ name, metric: metricOf(name, result) }, createInference(grid, resamples), margin);
  });
}
