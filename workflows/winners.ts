import { type CellIdentity, controlIdOf } from '../contracts/results';
import type { ControlPlan } from '../planning/controls';
import { coordinatesSlug } from '../planning/identity';

/** A finished cell with its score. */
export interface ScoredCell {
  readonly cell: CellIdentity;
  readonly score: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The cells (one per seed) of the fraction with the best mean score. Ties go to the larger fraction. */
function bestOfBudget(cells: readonly ScoredCell[]): ScoredCell[] {
  const byFraction = [...groupBy(cells, ({ cell }) => cell.sftFraction).values()];
  const scored = byFraction.map((group) => ({
    group,
    score: mean(group.map(({ score }) => score)),
    fraction: group[0]?.cell.sftFraction ?? 0,
  }));
  scored.sort((a, b) => b.score - a.score || b.fraction - a.fraction);
  return scored[0]?.group ?? [];
}

/**
 * The best mixture of every budget and place on the axes: the cells of its fraction. It need not be the best split:
 * a control of it may still be the best purchase.
 */
export function bestMixtures(cells: readonly ScoredCell[]): ScoredCell[] {
  const mixtures = cells.filter(({ cell }) => cell.sftRows > 0 && cell.pairRows > 0);
  const byBudget = groupBy(mixtures, ({ cell }) => `${cell.budget}${coordinatesSlug(cell.axes)}`);
  return [...byBudget.values()].flatMap(bestOfBudget);
}

/**
 * The control, if its cell has a score. Few-shot prompting is compared with the base model, so another
 * scored cell with the same seed and axes can replace a cell that failed or was skipped.
 */
export function comparable(control: ControlPlan, scored: readonly ScoredCell[]): ControlPlan[] {
  const placeOf = ({ seed, axes }: CellIdentity): string => `${seed}${coordinatesSlug(axes)}`;
  const isOfPlace = ({ cell }: ScoredCell): boolean => placeOf(cell) === placeOf(control.of);
  const own = scored.find(({ cell }) => cell.id === control.of.id);
  const of = (own ?? (control.kind === 'few-shot' ? scored.find(isOfPlace) : undefined))?.cell;
  return of === undefined ? [] : [{ ...control, of, id: controlIdOf({ ...control, of: of.id }) }];
}
