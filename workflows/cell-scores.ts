import type { AuxiliaryScore, SweepLists } from '../contracts/results';
import type { SweepPlan } from '../planning/plan';
import { auxiliaryScores } from './evaluation';

/** Scores of the cells that have ended, by cell id. */
export interface CellScores {
  /** Null for a failed cell. */
  readonly scores: Readonly<Record<string, number | null>>;
  /** Scores on auxiliary tasks; only cells that have any. */
  readonly auxiliary: Readonly<Record<string, readonly AuxiliaryScore[]>>;
}

/** The same in a compact form for continue-as-new: a few bytes per cell. */
export interface PackedScores {
  readonly auxiliaryNames: readonly string[];
  /** Per cell: its index in the plan, its score, then score, low and high for each auxiliary task. */
  readonly cells: readonly (readonly (number | null)[])[];
}

const none: CellScores = { scores: {}, auxiliary: {} };

/** Adds the scores of this run's cells. */
export function addScores(
  earlier: CellScores,
  { cells, failedCells }: Pick<SweepLists, 'cells' | 'failedCells'>,
): CellScores {
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

export function packScores({ cells }: SweepPlan, { scores, auxiliary }: CellScores): PackedScores {
  const names = [...new Set(Object.values(auxiliary).flatMap((each) => each.map(({ name }) => name)))];
  const packed = cells.flatMap(({ cell: { id } }, place) => {
    if (scores[id] === undefined) return [];
    const found = names.map((name) => auxiliary[id]?.find((one) => one.name === name));
    const values = found.flatMap((one) => [one?.score, one?.scoreLow, one?.scoreHigh]);
    return [[place, scores[id], ...(id in auxiliary ? values.map((value) => value ?? null) : [])]];
  });
  return { auxiliaryNames: names, cells: packed };
}

function unpackAuxiliary(names: readonly string[], values: readonly (number | null)[]): AuxiliaryScore[] {
  return names.flatMap((name, index) => {
    const [score, scoreLow, scoreHigh] = values.slice(3 * index);
    const isThere =
      typeof score === 'number' && typeof scoreLow === 'number' && typeof scoreHigh === 'number';
    return isThere ? [{ name, score, scoreLow, scoreHigh }] : [];
  });
}

export function unpackScores({ cells }: SweepPlan, packed: PackedScores | undefined): CellScores {
  if (packed === undefined) return none;
  const scores: Record<string, number | null> = {};
  const auxiliary: Record<string, AuxiliaryScore[]> = {};
  for (const [place, score, ...values] of packed.cells) {
    const { id } = cells[place!]!.cell;
    scores[id] = score!;
    if (values.length > 0) auxiliary[id] = unpackAuxiliary(packed.auxiliaryNames, values);
  }
  return { scores, auxiliary };
}
