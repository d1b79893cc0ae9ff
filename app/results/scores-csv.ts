import { csvOf } from '../../audit';
import type { EvaluationSummary } from '../../contracts/results';
import type { VariantResult } from '../../planning';

const grid = ['budget', 'sft_fraction', 'seed'] as const;
const scored = ['score', 'n_items', 'well_formed_rate', 'mean_length', 'repetition_rate'] as const;

type Place = Partial<Record<(typeof grid)[number], number>>;

function measured({ score, items, wellFormedRate, meanTokens, repetitionRate }: EvaluationSummary): number[] {
  return [score, items, wellFormedRate, meanTokens, repetitionRate];
}

/** Axes without task and model, which have columns already. */
function axesOf(parts: readonly VariantResult[]): string[] {
  const names = Object.keys(parts[0]?.coordinates ?? {});
  return names.filter((name) => name !== 'task' && name !== 'model');
}

function rowsOf({ definition, coordinates, result }: VariantResult, axes: readonly string[]): unknown[][] {
  const names = [definition.task, definition.model, ...axes.map((axis) => coordinates[axis] ?? '')];
  const row = (place: Place, evaluation: EvaluationSummary): unknown[] => [
    ...names,
    ...grid.map((column) => place[column] ?? ''),
    ...measured(evaluation),
  ];
  return [
    ...(result.base === null ? [] : [row({ budget: 0 }, result.base)]),
    ...result.cells.map(({ cell: { budget, sftFraction, seed }, evaluation }) =>
      row({ budget, sft_fraction: sftFraction, seed }, evaluation),
    ),
  ];
}

/**
 * The scores of a sweep as CSV for `budgetline analyze`: one line per cell, the base model at budget 0, one column per
 * axis. Budgets must be rows.
 */
export function renderScoresCsv(parts: readonly VariantResult[]): string {
  const axes = axesOf(parts);
  return csvOf([
    ['task', 'model', ...axes, ...grid, ...scored],
    ...parts.flatMap((part) => rowsOf(part, axes)),
  ]);
}
