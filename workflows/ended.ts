import type { AuxiliaryScore, SweepLists } from '../contracts/results';
import type { SweepPlan } from '../planning/plan';
import { auxiliaryScores } from './evaluation';

/** How cells have ended, by id. */
export interface Ended {
  /** The score, or null for a hole. */
  readonly scores: Readonly<Record<string, number | null>>;
  /** Scores of unrelated tasks, of the cells that have some. */
  readonly auxiliary: Readonly<Record<string, readonly AuxiliaryScore[]>>;
}

/** The same for the next run of a sweep, by the cells' places in the plan: a few bytes a cell. */
export interface PackedEnded {
  readonly auxiliaryNames: readonly string[];
  /** Of each cell its place, its score, and of each of these tasks the score with its bounds. */
  readonly cells: readonly (readonly (number | null)[])[];
}

const none: Ended = { scores: {}, auxiliary: {} };

/** How cells have ended after a page. */
export function endedWith(
  earlier: Ended,
  { cells, failedCells }: Pick<SweepLists, 'cells' | 'failedCells'>,
): Ended {
  const done = cells.map(({ cell, evaluation }) => [cell.id, evaluation.score] as const);
  const failed = failedCells.map(({ cell }) => [cell.id, null] as const);
  const auxiliary = cells.flatMap(({ cell: { id }, evaluation }) => {
    const { auxiliary: found } = auxiliaryScores(evaluation);
    return found === undefined ? [] : [[id, found] as const];
  });
  return {
    scores: { ...earlier.scores, ...Object.fromEntries([...done, ...failed]) },
    auxiliary: { ...earlier.auxiliary, ...Object.fromEntries(auxiliary) },
  };
}

export function packEnded({ cells }: SweepPlan, { scores, auxiliary }: Ended): PackedEnded {
  const names = [...new Set(Object.values(auxiliary).flatMap((each) => each.map(({ name }) => name)))];
  const packed = cells.flatMap(({ cell: { id } }, place) => {
    if (scores[id] === undefined) return [];
    const found = names.map((name) => auxiliary[id]?.find((one) => one.name === name));
    const figures = found.flatMap((one) => [one?.score, one?.scoreLow, one?.scoreHigh]);
    return [[place, scores[id], ...(id in auxiliary ? figures.map((figure) => figure ?? null) : [])]];
  });
  return { auxiliaryNames: names, cells: packed };
}

function unpackAuxiliary(names: readonly string[], figures: readonly (number | null)[]): AuxiliaryScore[] {
  return names.flatMap((name, index) => {
    const [score, scoreLow, scoreHigh] = figures.slice(3 * index);
    const isThere =
      typeof score === 'number' && typeof scoreLow === 'number' && typeof scoreHigh === 'number';
    return isThere ? [{ name, score, scoreLow, scoreHigh }] : [];
  });
}

export function unpackEnded({ cells }: SweepPlan, packed: PackedEnded | undefined): Ended {
  if (packed === undefined) return none;
  const scores: Record<string, number | null> = {};
  const auxiliary: Record<string, AuxiliaryScore[]> = {};
  for (const [place, score, ...figures] of packed.cells) {
    const { id } = cells[place!]!.cell;
    scores[id] = score!;
    if (figures.length > 0) auxiliary[id] = unpackAuxiliary(packed.auxiliaryNames, figures);
  }
  return { scores, auxiliary };
}
