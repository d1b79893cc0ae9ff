import type { BesideScore, SweepLists } from '../contracts/results';
import type { SweepPlan } from '../planning/plan';
import { besideScores } from './evaluation';

/** How cells have ended, by id. */
export interface Ended {
  /** The score, or null for a hole. */
  readonly scores: Readonly<Record<string, number | null>>;
  /** Scores of unrelated tasks, of the cells that have some. */
  readonly beside: Readonly<Record<string, readonly BesideScore[]>>;
}

/** The same for the next run of a sweep, by the cells' places in the plan: a few bytes a cell. */
export interface PackedEnded {
  readonly besideNames: readonly string[];
  /** Of each cell its place, its score, and of each of these tasks the score with its bounds. */
  readonly cells: readonly (readonly (number | null)[])[];
}

const none: Ended = { scores: {}, beside: {} };

/** How cells have ended after a page. */
export function endedWith(earlier: Ended, { cells, holes }: Pick<SweepLists, 'cells' | 'holes'>): Ended {
  const done = cells.map(({ cell, evaluation }) => [cell.id, evaluation.score] as const);
  const failed = holes.map(({ cell }) => [cell.id, null] as const);
  const beside = cells.flatMap(({ cell: { id }, evaluation }) => {
    const { beside: found } = besideScores(evaluation);
    return found === undefined ? [] : [[id, found] as const];
  });
  return {
    scores: { ...earlier.scores, ...Object.fromEntries([...done, ...failed]) },
    beside: { ...earlier.beside, ...Object.fromEntries(beside) },
  };
}

export function packEnded({ cells }: SweepPlan, { scores, beside }: Ended): PackedEnded {
  const names = [...new Set(Object.values(beside).flatMap((each) => each.map(({ name }) => name)))];
  const packed = cells.flatMap(({ cell: { id } }, place) => {
    if (scores[id] === undefined) return [];
    const found = names.map((name) => beside[id]?.find((one) => one.name === name));
    const figures = found.flatMap((one) => [one?.score, one?.scoreLow, one?.scoreHigh]);
    return [[place, scores[id], ...(id in beside ? figures.map((figure) => figure ?? null) : [])]];
  });
  return { besideNames: names, cells: packed };
}

function unpackBeside(names: readonly string[], figures: readonly (number | null)[]): BesideScore[] {
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
  const beside: Record<string, BesideScore[]> = {};
  for (const [place, score, ...figures] of packed.cells) {
    const { id } = cells[place!]!.cell;
    scores[id] = score!;
    if (figures.length > 0) beside[id] = unpackBeside(packed.besideNames, figures);
  }
  return { scores, beside };
}
