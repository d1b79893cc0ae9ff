import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import type { Store } from '../../store';
import { readDeterminism } from '../determinism';
import { compareFields, type FieldDifference } from '../flatten';
import type { WorkflowHistory } from '../history';
import { compareStages, readManifest } from '../stage-differences';

/** A cell's result in its history. */
const cellResult = z.looseObject({
  cell: z.looseObject({
    id: z.string(),
    task: z.string(),
    model: z.string(),
    annotator: z.string(),
    budget: z.number(),
    sftFraction: z.number(),
    seed: z.number(),
    axes: z.record(z.string(), z.string()).optional(),
  }),
  evaluation: z.looseObject({
    key: z.string(),
    score: z.number(),
    /** Auxiliary tasks. */
    auxiliary: z.array(z.looseObject({ name: z.string(), score: z.number() })).default([]),
  }),
  stages: z.array(
    z.looseObject({
      kind: z.string(),
      makes: z.string(),
      title: z.string(),
      key: z.string(),
      digest: z.string(),
    }),
  ),
});
/** A cell's result, with start and end of its workflow. */
export type Cell = z.infer<typeof cellResult> & { readonly startedAt: string; readonly endedAt: string };
type CellStage = Cell['stages'][number];

/**
 * The cells with a result. If a run was started again, the last result of each cell counts.
 *
 * @throws BudgetlineError CONNECTION_INVALID if histories are encrypted with a key that is missing
 */
export function cellsOf(histories: readonly WorkflowHistory[]): Cell[] {
  const missing = new Set(histories.flatMap(({ sealedWith }) => sealedWith));
  if (missing.size > 0)
    throw new BudgetlineError(
      'CONNECTION_INVALID',
      `The histories are encrypted with the payload key ${[...missing].map((name) => `"${name}"`).join(', ')}, which is missing: cells cannot be read.`,
      { remedy: 'Add that key to BUDGETLINE_PAYLOAD_KEYS.' },
    );
  const cells = histories.flatMap(({ result, startedAt, lastAt: endedAt }) => {
    const { data } = cellResult.safeParse(result);
    return data === undefined ? [] : [{ ...data, startedAt, endedAt }];
  });
  return [...new Map(cells.map((cell) => [JSON.stringify(cell.cell), cell])).values()];
}

/** Two cells of two runs that are compared. */
export interface CellPair {
  readonly name: string;
  readonly a: Cell;
  readonly b: Cell;
}

/** How a cell differs between two runs. */
export interface CellDifference {
  readonly cell: string;
  readonly scoreA: number;
  readonly scoreB: number;
  /** Title of the first stage that differs, in the order of execution; null if all are identical. */
  readonly firstDifferentStage: string | null;
  /** "settings": the stages have different settings. "bytes": equal settings gave different bytes. */
  readonly cause: 'settings' | 'bytes' | null;
  readonly differences: readonly FieldDifference[];
}

type Named = { readonly cell: Pick<Cell['cell'], 'budget' | 'sftFraction' | 'seed' | 'axes'> };

const placeOf = ({ cell: { budget, sftFraction, axes = {} } }: Named): string =>
  [
    `${budget} rows, SFT share ${sftFraction}`,
    ...Object.entries(axes).map(([axis, label]) => `${axis} ${label}`),
  ].join(', ');

export const nameOf = (cell: Named): string => `${placeOf(cell)}, seed ${cell.cell.seed}`;

/** Removes the pairs with equal `by` from two lists, in order. */
function takePairs(as: Cell[], bs: Cell[], by: (cell: Cell) => string): { a: Cell; b: Cell }[] {
  return [...as].flatMap((a) => {
    const at = bs.findIndex((b) => by(b) === by(a));
    if (at < 0) return [];
    as.splice(as.indexOf(a), 1);
    return bs.splice(at, 1).map((b) => ({ a, b }));
  });
}

/** Pairs cells with equal settings; then remaining cells with equal settings except for the seed. */
export function pairCells(
  ofA: readonly Cell[],
  ofB: readonly Cell[],
): { pairs: CellPair[]; onlyA: string[]; onlyB: string[] } {
  const [as, bs] = [[...ofA], [...ofB]];
  const same = takePairs(as, bs, nameOf).map((pair) => ({ ...pair, name: nameOf(pair.a) }));
  const others = takePairs(as, bs, placeOf).map(({ a, b }) => ({
    a,
    b,
    name: `${placeOf(a)}, seed ${a.cell.seed} and ${b.cell.seed}`,
  }));
  return { pairs: [...same, ...others], onlyA: as.map(nameOf), onlyB: bs.map(nameOf) };
}

interface Stores {
  readonly a: Store;
  readonly b: Store;
}

async function compareSettings(stores: Stores, a: CellStage, b: CellStage): Promise<FieldDifference[]> {
  const [one, other] = await Promise.all([readManifest(stores.a, a.key), readManifest(stores.b, b.key)]);
  if (one === undefined || other === undefined) return [{ field: 'key', a: a.key, b: b.key }];
  return compareStages({ store: stores.a, manifest: one }, { store: stores.b, manifest: other });
}

async function compareMaking(stores: Stores, { key }: CellStage): Promise<FieldDifference[]> {
  return compareFields(await readDeterminism(stores.a, key), await readDeterminism(stores.b, key));
}

/**
 * The first stage of a cell whose bytes differ in the other cell, or that is missing there. The order of stages does not
 * count: some run side by side.
 */
function firstWithout({ stages }: Cell, other: Cell): CellStage | undefined {
  const digests = new Map(other.stages.map(({ key, digest }) => [key, digest]));
  return stages.find(({ key, digest }) => digests.get(key) !== digest);
}

/** The settings that differ between two cells: of all stages that their scores come from, or which stages they have. */
async function compareScored(stores: Stores, { a, b }: CellPair): Promise<FieldDifference[]> {
  const [one, other] = [a, b].map(({ stages, evaluation }) =>
    stages.find(({ key }) => key === evaluation.key)!,
  );
  if (one!.key !== other!.key) return compareSettings(stores, one!, other!);
  const titles = ({ stages }: Cell): string => stages.map(({ title }) => title).join(', ');
  return [{ field: 'stages', a: titles(a), b: titles(b) }];
}

/**
 * The first stage that differs between two cells, and why: settings, or what determines the bytes. A pipeline that branches
 * on results may have other settings because of other bytes; these are then named.
 */
export async function compareCells(stores: Stores, pair: CellPair): Promise<CellDifference> {
  const { name, a, b } = pair;
  const scores = { cell: name, scoreA: a.evaluation.score, scoreB: b.evaluation.score };
  const other = firstWithout(b, a) ?? firstWithout(a, b);
  if (other === undefined) return { ...scores, firstDifferentStage: null, cause: null, differences: [] };
  const about = { ...scores, firstDifferentStage: other.title };
  const isInBoth = [a, b].every(({ stages }) => stages.some(({ key }) => key === other.key));
  if (isInBoth) return { ...about, cause: 'bytes', differences: await compareMaking(stores, other) };
  return { ...about, cause: 'settings', differences: await compareScored(stores, pair) };
}

/** Datasets that differ between two cells, by digest. Those with equal bytes are paired first, the rest in order. */
export function compareData({ name, a, b }: CellPair): FieldDifference[] {
  const data = ({ stages }: Cell): CellStage[] => stages.filter(({ makes }) => makes === 'rows');
  const without = (stages: readonly CellStage[], others: readonly CellStage[]): CellStage[] =>
    stages.filter(({ digest }) => !others.some((stage) => stage.digest === digest));
  const [ofA, ofB] = [without(data(a), data(b)), without(data(b), data(a))];
  const longer = ofA.length < ofB.length ? ofB : ofA;
  return longer.map(({ title }, at) => {
    return { field: `${name} › ${title}`, a: ofA[at]?.digest ?? null, b: ofB[at]?.digest ?? null };
  });
}

export const differs = ({ scoreA, scoreB, firstDifferentStage }: CellDifference): boolean =>
  scoreA !== scoreB || firstDifferentStage !== null;
