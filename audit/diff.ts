import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { LineOf } from '../contracts/ledger';
import { isMissing, type Store } from '../store';
import { compareFields, type FieldDifference } from './flatten';
import { parseHistory } from './history';
import { readLedger } from './ledger';
import { exportedHistories, recordedStages, unknownExperiment } from './run-files';

export type DiffSection = 'definition' | 'data' | 'model' | 'code' | 'environment' | 'stages' | 'metrics';

/** What two runs do not share, by where the reason lies. */
export type RunDifferences = Readonly<Record<DiffSection, readonly FieldDifference[]>>;

const cellResult = z.looseObject({
  cell: z.looseObject({ budget: z.number(), sftFraction: z.number(), seed: z.number() }),
  evaluation: z.looseObject({ score: z.number() }),
  stages: z.array(
    z.looseObject({ kind: z.string(), title: z.string(), key: z.string(), digest: z.string() }),
  ),
});
type Cell = z.infer<typeof cellResult>;

const pinned = z.looseObject({ resolved: z.looseObject({ model: z.looseObject({ digest: z.string() }) }) });

interface Facts {
  readonly definition: Record<string, unknown>;
  readonly model: unknown;
  readonly code: object;
  readonly environment: object;
  readonly cells: readonly Cell[];
}

const nameOf = ({ cell }: Cell): string => `${cell.budget} rows, r ${cell.sftFraction}, seed ${cell.seed}`;

/** Each value once, sorted: several workers may have made a run. */
function distinct(
  starts: readonly LineOf<'attempt-started'>[],
  pick: (start: LineOf<'attempt-started'>) => unknown,
) {
  return [...new Set(starts.map((start) => JSON.stringify(pick(start) ?? null)))].sort().join(', ');
}

function codeOf(
  starts: readonly LineOf<'attempt-started'>[],
  workflowCode: readonly (string | null)[],
): object {
  return {
    trainer: distinct(starts, ({ codeDigest }) => codeDigest),
    package: distinct(starts, ({ packageVersion }) => packageVersion),
    build: distinct(starts, ({ worker }) => worker?.buildDigest),
    lockfile: distinct(starts, ({ worker }) => worker?.lockfileDigest),
    commit: distinct(starts, ({ worker }) => worker?.gitCommit),
    uncommittedChanges: distinct(starts, ({ worker }) => worker?.gitDirty),
    workflows: [...new Set(workflowCode)].join(', '),
  };
}

function environmentOf(starts: readonly LineOf<'attempt-started'>[]): object {
  return {
    host: distinct(starts, ({ host }) => host),
    device: distinct(starts, ({ device }) => device),
    deviceModel: distinct(starts, ({ worker }) => worker?.deviceModel),
    driver: distinct(starts, ({ worker }) => worker?.driver),
    platform: distinct(starts, ({ worker }) => worker?.platform),
    actor: distinct(starts, ({ actor }) => actor),
  };
}

async function readRuns(store: Store, exported: readonly LineOf<'history-exported'>[]) {
  const read = exported.map(async ({ runId }) => {
    for (const path of [store.paths.completeHistory(runId), store.paths.history(runId)])
      try {
        return [parseHistory(await readFile(path, 'utf8'), path)];
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    return [];
  });
  return (await Promise.all(read)).flat();
}

async function readFacts(store: Store, experimentId: string): Promise<Facts> {
  const lines = await readLedger(store.paths.experimentLedger(experimentId));
  const [opening] = lines;
  if (opening?.type !== 'experiment-opened') throw unknownExperiment(store, experimentId);
  const exported = exportedHistories(lines);
  const histories = await readRuns(store, exported);
  const chains = await Promise.all(
    recordedStages(lines).map(({ stage }) => readLedger(store.paths.stageLedger(stage))),
  );
  // The attempt that made what the run used; earlier ones left nothing in its numbers.
  const starts = chains.flatMap((chain) => chain.filter((line) => line.type === 'attempt-started').slice(-1));
  const codes = exported.map(({ codeDigest }) => codeDigest);
  return {
    definition: opening.definition as Record<string, unknown>,
    model: pinned.safeParse(histories[0]?.input).data?.resolved.model.digest,
    code: codeOf(starts, codes),
    environment: environmentOf(starts),
    cells: histories.flatMap(({ result }) => cellResult.safeParse(result).data ?? []),
  };
}

type StageOfCell = Cell['stages'][number];

const byCell = <T>(cells: readonly Cell[], pick: (cell: Cell) => T): Record<string, T> =>
  Object.fromEntries(cells.map((cell) => [nameOf(cell), pick(cell)]));

/** Stages of a cell by kind and title; a kind that comes twice has other titles. */
const stagesBy = (
  cell: Cell,
  pick: (stage: StageOfCell) => string,
  isWanted: (stage: StageOfCell) => boolean,
) => Object.fromEntries(cell.stages.filter(isWanted).map((stage) => [stage.title, pick(stage)]));

const isData = ({ kind }: StageOfCell): boolean => kind === 'synthesizeData';
const scores = (cells: readonly Cell[]) => byCell(cells, ({ evaluation }) => ({ score: evaluation.score }));

function compareData(a: Facts, b: Facts): FieldDifference[] {
  const digests = ({ cells }: Facts): object =>
    byCell(cells, (cell) => stagesBy(cell, ({ digest }) => digest, isData));
  return [
    ...compareFields({ source: a.definition['data'] }, { source: b.definition['data'] }),
    ...compareFields(digests(a), digests(b)),
  ];
}

/** Stages of one key whose bytes differ: the same work came out differently. */
function compareStages(a: Facts, b: Facts): FieldDifference[] {
  const made = ({ cells }: Facts): Map<string, StageOfCell> =>
    new Map(cells.flatMap(({ stages }) => stages.map((stage) => [stage.key, stage] as const)));
  const others = made(b);
  return [...made(a).values()].flatMap(({ key, title, digest }) => {
    const other = others.get(key);
    return other === undefined || other.digest === digest
      ? []
      : [{ field: `${title} (${key.slice(0, 12)})`, a: digest, b: other.digest }];
  });
}

/** One run's place: the store of a home, or of an unpacked bundle. */
export interface RunPlace {
  readonly store: Store;
  readonly experimentId: string;
}

/**
 * What differs between two runs: the first places to look for why one is better.
 *
 * @throws BudgetlineError INPUT_MISSING, LEDGER_CORRUPT
 */
export async function diffRuns(one: RunPlace, other: RunPlace): Promise<RunDifferences> {
  const [a, b] = await Promise.all(
    [one, other].map(({ store, experimentId }) => readFacts(store, experimentId)),
  );
  if (a === undefined || b === undefined) throw new RangeError('two runs are compared');
  const without = ({ data: _, model: __, ...rest }: Record<string, unknown>): object => rest;
  return {
    definition: compareFields(without(a.definition), without(b.definition)),
    data: compareData(a, b),
    model: compareFields(
      { name: a.definition['model'], sha256: a.model },
      { name: b.definition['model'], sha256: b.model },
    ),
    code: compareFields(a.code, b.code),
    environment: compareFields(a.environment, b.environment),
    stages: compareStages(a, b),
    metrics: compareFields(scores(a.cells), scores(b.cells)),
  };
}
