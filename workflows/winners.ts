import { type CellIdentity, controlIdOf } from '../contracts/results';
import type { ControlPlan } from '../planning/controls';
import type { SweepPlan } from '../planning/plan';
import { bestSplits, isMixture } from '../contracts/best-split';
import type { CellScores } from './cell-scores';
import { coordinatesSlug } from '../planning/identity';

/** A finished cell with its score. */
export interface ScoredCell {
  readonly cell: CellIdentity;
  readonly score: number;
  /** Planned US dollars for its rows. */
  readonly annotationUsd: number;
}

/** Cells with a score, in the plan's order. */
export function scoredCells(
  { cells }: Pick<SweepPlan, 'cells'>,
  { scores }: Pick<CellScores, 'scores'>,
): ScoredCell[] {
  return cells.flatMap(({ cell, annotationUsd }) => {
    const score = scores[cell.id] ?? null;
    return score === null ? [] : [{ cell, score, annotationUsd }];
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The cells (one per seed) of the fraction with the best mean score. */
function bestOfBudget(cells: readonly ScoredCell[]): ScoredCell[] {
  const splits = [...groupBy(cells, ({ cell }) => cell.sftFraction)];
  const [best] = bestSplits(splits, ([sftFraction, group]) => ({
    sftFraction,
    score: mean(group.map(({ score }) => score)),
    annotationUsd: mean(group.map(({ annotationUsd }) => annotationUsd)),
  }));
  return best?.[1] ?? [];
}

const budgetOf = ({ budget, axes }: CellIdentity): string => `${budget}${coordinatesSlug(axes)}`;

/** For every budget and place on the axes: the cells of the best fraction. */
export function bestCells(cells: readonly ScoredCell[]): ScoredCell[] {
  return [...groupBy(cells, ({ cell }) => budgetOf(cell)).values()].flatMap(bestOfBudget);
}

/** The cells of budgets where every split that ran has a score. Where one failed or was skipped, none is the best. */
export function withoutMissing(
  { cells }: Pick<SweepPlan, 'cells'>,
  { scores }: Pick<CellScores, 'scores'>,
): ScoredCell[] {
  const scored = scoredCells({ cells }, { scores });
  const splitOf = (cell: CellIdentity): string => `${budgetOf(cell)} ${cell.sftFraction}`;
  const splits = new Set(scored.map(({ cell }) => splitOf(cell)));
  const missing = cells.filter(({ cell }) => scores[cell.id] === null && !splits.has(splitOf(cell)));
  const budgets = new Set(missing.map(({ cell }) => budgetOf(cell)));
  return scored.filter(({ cell }) => !budgets.has(budgetOf(cell)));
}

/**
 * The best mixture of every budget and place on the axes: the cells of its fraction. It need not be the best split:
 * a control of it may still be the best purchase.
 */
export const bestMixtures = (cells: readonly ScoredCell[]): ScoredCell[] =>
  bestCells(cells.filter(({ cell }) => isMixture(cell)));

/** The controls of the best mixtures. */
export const controlsOfMixtures = ({ controls }: SweepPlan, cells: readonly ScoredCell[]): ControlPlan[] =>
  bestMixtures(cells).flatMap(({ cell }) => controls.winnerControls.filter(({ of }) => of.id === cell.id));

/** The warm starts of the best mixtures, as controls: buying no pairs is a purchase, too. */
export const warmStartsOfMixtures = (
  { controls }: SweepPlan,
  cells: readonly ScoredCell[],
): ControlPlan[] => {
  const best = new Set(bestMixtures(cells).map(({ cell }) => cell.id));
  return controls.certain.filter(({ kind, of }) => kind === 'warm-start' && best.has(of.id));
};

/** Prompting the base model, which may be the better purchase where a split is chosen. */
export function promptingOf(
  { controls }: SweepPlan,
  { scored, chosen }: { readonly scored: readonly ScoredCell[]; readonly chosen: readonly ScoredCell[] },
): ControlPlan[] {
  const places = new Set(chosen.map(({ cell }) => coordinatesSlug(cell.axes)));
  return controls.certain
    .filter(({ kind, of }) => kind === 'few-shot' && places.has(coordinatesSlug(of.axes)))
    .flatMap((control) => comparable(control, scored));
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
