import { z } from 'zod';
import type { LineOf } from '../../schemas/ledger';
import type { Store } from '../../store';
import { makingAttempt } from '../determinism';
import { compareFields, type FieldDifference } from '../flatten';
import { unknownExperiment } from '../run-files';
import { exportedHistories, openingOf, readHistories, recordedStages } from '../run-records';
import { cellsOf, compareCells, compareData, differs, pairCells, type Cell } from './cells';
import type { CellDifference } from './cells';

export type { CellDifference } from './cells';

export interface ComparedRun {
  readonly experimentId: string;
  readonly openedAt: string;
}

/** Differences between two runs. */
export interface RunDifferences {
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  readonly definition: readonly FieldDifference[];
  readonly data: readonly FieldDifference[];
  readonly model: readonly FieldDifference[];
  readonly code: readonly FieldDifference[];
  readonly environment: readonly FieldDifference[];
  /** Cells of both runs with different scores or stages. */
  readonly cells: readonly CellDifference[];
  /** Number of cells that are identical in both runs, bytes and score. */
  readonly sameCells: number;
  /** Cells of only one run. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

const pinnedModel = z.looseObject({ model: z.looseObject({ digest: z.string() }) });
const pinned = z.looseObject({ resolved: pinnedModel.extend({ variants: z.array(pinnedModel).optional() }) });

/** SHA-256 of the base model, or of each distinct base model of the axes. */
function modelDigests(input: unknown): string | undefined {
  const { data } = pinned.safeParse(input);
  if (data === undefined) return undefined;
  const places = data.resolved.variants ?? [data.resolved];
  return [...new Set(places.map(({ model }) => model.digest))].join(', ');
}

interface RunFacts extends ComparedRun {
  readonly definition: Record<string, unknown>;
  readonly model: unknown;
  readonly code: object;
  readonly environment: object;
  readonly cells: readonly Cell[];
}

type Start = LineOf<'attempt-started'>;

/** Distinct values, sorted: several workers may have made a run. */
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

async function readFacts(store: Store, experimentId: string): Promise<RunFacts> {
  const lines = await store.chain({ experiment: experimentId }).read();
  const opening = openingOf(lines);
  if (opening === undefined) throw unknownExperiment(store, experimentId);
  const exported = exportedHistories(lines);
  const histories = await readHistories(store, lines);
  const chains = await Promise.all(
    recordedStages(lines).map(({ stage }) => store.chain({ stage: stage }).read()),
  );
  // Only the attempts that made the artifacts of the run; others do not affect its results.
  const starts = chains.flatMap((chain) => makingAttempt(chain) ?? []);
  const codes = exported.map(({ codeDigest }) => codeDigest);
  return {
    experimentId,
    openedAt: opening.time,
    definition: opening.definition as Record<string, unknown>,
    model: modelDigests(histories[0]?.history.input),
    code: codeOf(starts, codes),
    environment: environmentOf(starts),
    cells: cellsOf(histories.map(({ history }) => history)),
  };
}

/** A run in a store, which may be that of an unpacked bundle. */
export interface RunLocation {
  readonly store: Store;
  readonly experimentId: string;
}

const without = ({ data: _, model: __, ...rest }: Record<string, unknown>): object => rest;
const named = ({ experimentId, openedAt }: RunFacts): ComparedRun => ({ experimentId, openedAt });

function compareFacts(
  a: RunFacts,
  b: RunFacts,
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
 * What differs between two runs: cell by cell with the reason, then definition, data, model, code and environment.
 *
 * @throws BudgetlineError INPUT_MISSING, LEDGER_CORRUPT
 */
export async function diffRuns(one: RunLocation, other: RunLocation): Promise<RunDifferences> {
  const a = await readFacts(one.store, one.experimentId);
  const b = await readFacts(other.store, other.experimentId);
  const { pairs, onlyA, onlyB } = pairCells(a.cells, b.cells);
  const compared: CellDifference[] = [];
  for (const pair of pairs) compared.push(await compareCells({ a: one.store, b: other.store }, pair));
  const sources = compareFields({ source: a.definition['data'] }, { source: b.definition['data'] });
  return {
    a: named(a),
    b: named(b),
    onlyA,
    onlyB,
    ...compareFacts(a, b),
    data: [...sources, ...pairs.flatMap(compareData)],
    cells: compared.filter(differs),
    sameCells: compared.filter((cell) => !differs(cell)).length,
  };
}
