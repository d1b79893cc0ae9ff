import { z } from 'zod';
import type { LineOf } from '../../schemas/ledger';
import type { Store } from '../../store';
import { makingAttempt } from '../determinism';
import { compareFields, type FieldDifference } from '../flatten';
import { readLedger } from '../ledger';
import { unknownExperiment } from '../run-files';
import { exportedHistories, readHistories, recordedStages } from '../run-records';
import { cellsOf, compareCells, compareData, isOther, pairCells, type Cell } from './cells';
import type { CellDifference } from './cells';

export type { CellDifference } from './cells';

/** Which run one is. */
export interface ComparedRun {
  readonly experimentId: string;
  readonly openedAt: string;
}

/** What two runs do not share, by where the reason lies. */
export interface RunDifferences {
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  readonly definition: readonly FieldDifference[];
  readonly data: readonly FieldDifference[];
  readonly model: readonly FieldDifference[];
  readonly code: readonly FieldDifference[];
  readonly environment: readonly FieldDifference[];
  /** Cells of both runs that came out differently, or by another way. */
  readonly cells: readonly CellDifference[];
  /** Cells of both runs that are one and the same, bytes and score. */
  readonly sameCells: number;
  /** Cells that only one of them has. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

const pinnedModel = z.looseObject({ model: z.looseObject({ digest: z.string() }) });
const pinned = z.looseObject({ resolved: pinnedModel.extend({ variants: z.array(pinnedModel).optional() }) });

/** SHA-256 of the base model; of those at all places on the axes, each once. */
function modelDigests(input: unknown): string | undefined {
  const { data } = pinned.safeParse(input);
  if (data === undefined) return undefined;
  const places = data.resolved.variants ?? [data.resolved];
  return [...new Set(places.map(({ model }) => model.digest))].join(', ');
}

interface Facts extends ComparedRun {
  readonly definition: Record<string, unknown>;
  readonly model: unknown;
  readonly code: object;
  readonly environment: object;
  readonly cells: readonly Cell[];
}

type Start = LineOf<'attempt-started'>;

/** Each value once, sorted: several workers may have made a run. */
function distinct(starts: readonly Start[], pick: (start: Start) => string | boolean | null | undefined) {
  return [...new Set(starts.map((start) => String(pick(start) ?? 'not recorded')))].sort().join(', ');
}

function codeOf(starts: readonly Start[], workflowCode: readonly (string | null)[]): object {
  return {
    trainer: distinct(starts, ({ codeDigest }) => codeDigest),
    package: distinct(starts, ({ packageVersion }) => packageVersion),
    build: distinct(starts, ({ worker }) => worker?.buildDigest),
    lockfile: distinct(starts, ({ worker }) => worker?.lockfileDigest),
    commit: distinct(starts, ({ worker }) => worker?.gitCommit),
    uncommittedChanges: distinct(starts, ({ worker }) => worker?.gitDirty),
    workflows: [...new Set(workflowCode)].sort().join(', '),
  };
}

function environmentOf(starts: readonly Start[]): object {
  return {
    host: distinct(starts, ({ host }) => host),
    device: distinct(starts, ({ device }) => device),
    deviceModel: distinct(starts, ({ worker }) => worker?.deviceModel),
    instructionSet: distinct(starts, ({ worker }) => worker?.instructionSet),
    driver: distinct(starts, ({ worker }) => worker?.driver),
    platform: distinct(starts, ({ worker }) => worker?.platform),
    actor: distinct(starts, ({ actor }) => actor),
  };
}

async function readFacts(store: Store, experimentId: string): Promise<Facts> {
  const lines = await readLedger(store.paths.experimentLedger(experimentId));
  const [opening] = lines;
  if (opening?.type !== 'experiment-opened') throw unknownExperiment(store, experimentId);
  const exported = exportedHistories(lines);
  const histories = await readHistories(store, lines);
  const chains = await Promise.all(
    recordedStages(lines).map(({ stage }) => readLedger(store.paths.stageLedger(stage))),
  );
  // The attempts that made what the run used; others left nothing in its numbers.
  const starts = chains.flatMap((chain) => makingAttempt(chain) ?? []);
  const codes = exported.map(({ codeDigest }) => codeDigest);
  return {
    ...{ experimentId, openedAt: opening.time },
    definition: opening.definition as Record<string, unknown>,
    model: modelDigests(histories[0]?.history.input),
    code: codeOf(starts, codes),
    environment: environmentOf(starts),
    cells: cellsOf(histories.map(({ history }) => history)),
  };
}

/** One run's place: the store of a home, or of an unpacked bundle. */
export interface RunPlace {
  readonly store: Store;
  readonly experimentId: string;
}

const without = ({ data: _, model: __, ...rest }: Record<string, unknown>): object => rest;
const named = ({ experimentId, openedAt }: Facts): ComparedRun => ({ experimentId, openedAt });

function compareFacts(
  a: Facts,
  b: Facts,
): Pick<RunDifferences, 'definition' | 'model' | 'code' | 'environment'> {
  return {
    definition: compareFields(without(a.definition), without(b.definition)),
    model: compareFields(
      { name: a.definition['model'], sha256: a.model },
      { name: b.definition['model'], sha256: b.model },
    ),
    code: compareFields(a.code, b.code),
    environment: compareFields(a.environment, b.environment),
  };
}

/**
 * What differs between two runs: cell by cell where they part and why, and what differs in definition, data, model, code
 * and environment.
 *
 * @throws BudgetlineError INPUT_MISSING, LEDGER_CORRUPT
 */
export async function diffRuns(one: RunPlace, other: RunPlace): Promise<RunDifferences> {
  const a = await readFacts(one.store, one.experimentId);
  const b = await readFacts(other.store, other.experimentId);
  const { pairs, onlyA, onlyB } = pairCells(a.cells, b.cells);
  const compared: CellDifference[] = [];
  for (const pair of pairs) compared.push(await compareCells({ a: one.store, b: other.store }, pair));
  const sources = compareFields({ source: a.definition['data'] }, { source: b.definition['data'] });
  return {
    ...{ a: named(a), b: named(b), onlyA, onlyB },
    ...compareFacts(a, b),
    data: [...sources, ...pairs.flatMap(compareData)],
    cells: compared.filter(isOther),
    sameCells: compared.filter((cell) => !isOther(cell)).length,
  };
}
