import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../schemas/scalars';
import { BudgetlineError } from '../core/failures';
import type { LedgerLine, LineOf } from '../schemas/ledger';
import { type StageKey } from '../contracts/stage';
import { reportFolder } from '../host/home';
import { ensureDir } from '../host/durable-files';
import { listFiles, type ArtifactId, type Store, type StorePart } from '../store';
import { requestsByStage, unfinishedStages } from './stage-requests';
import type { WorkflowHistory } from './history';
import { nestsIn } from './row-purchases';
import { exportedHistories, openingOf, readHistories, recordedStages } from './run-records';

/** A run in a store, with the BUDGETLINE_HOME that has its report. */
export interface HomeRun {
  readonly store: Store;
  readonly home: string;
  readonly experimentId: string;
}

const withPages = z.looseObject({ pages: z.array(z.looseObject({ digest: sha256 })) });

/** Digests of the pages of a large sweep's result: those passed on at continue-as-new, and those of the last run. */
export function resultPages(histories: readonly WorkflowHistory[]): string[] {
  const pages = histories.flatMap(({ input, result }) => [
    withPages.safeParse((input as { previous?: unknown } | undefined)?.previous).data?.pages ?? [],
    withPages.safeParse(result).data?.pages ?? [],
  ]);
  return [...new Set(pages.flat().map(({ digest }) => digest))];
}

/** Finds an artifact by key. An invalid key, e.g. from a damaged manifest, finds nothing. */
export async function findArtifact(store: Store, key: StageKey | undefined): Promise<ArtifactId | undefined> {
  if (key === undefined || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  const [id] = await store.list(key);
  return id;
}

/** Artifacts of recorded stages and, recursively, of their inputs. */
async function lineageOf(store: Store, lines: readonly LedgerLine[]): Promise<ArtifactId[]> {
  const found = new Map<StageKey, ArtifactId>();
  let waiting = recordedStages(lines).map(({ stage }) => stage);
  while (waiting.length > 0) {
    const ids = await Promise.all(waiting.map((key) => findArtifact(store, key)));
    const fresh = ids.filter((id) => id !== undefined && !found.has(id.key)) as ArtifactId[];
    for (const id of fresh) found.set(id.key, id);
    const stored = await Promise.all(fresh.map((id) => store.get(id)));
    waiting = stored.flatMap((artifact) => Object.values(artifact?.manifest.inputs ?? {}));
    waiting = waiting.filter((key) => !found.has(key));
  }
  return [...found.values()];
}

/**
 * Every part of the store that an experiment's record consists of: chains (also of unfinished stages, and of purchases), artifacts with
 * their inputs, histories, workflow code, anchor and result.
 *
 * @throws BudgetlineError INPUT_MISSING if the store does not have the experiment
 */
export async function listRunParts(store: Store, experimentId: string): Promise<StorePart[]> {
  const lines = await store.chain({ experiment: experimentId }).read();
  if (lines.length === 0) throw unknownExperiment(store, experimentId);
  const artifacts = await lineageOf(store, lines);
  const exported = exportedHistories(lines);
  const histories = await readHistories(store, lines);
  const pages = resultPages(histories.map(({ history }) => history));
  const codes = new Set(exported.flatMap(({ codeDigest }) => (codeDigest === null ? [] : [codeDigest])));
  const stages = [
    ...artifacts.map(({ key }) => key),
    ...unfinishedStages(lines, requestsByStage(histories)).map(({ stage }) => stage),
  ];
  const chains = await Promise.all(stages.map((stage) => store.chain({ stage }).read()));
  return [
    { experiment: experimentId },
    { anchor: experimentId },
    ...artifacts.map((artifact) => ({ artifact })),
    ...stages.map((stage) => ({ stage })),
    ...[...new Set(chains.flatMap(nestsIn))].map((nest) => ({ nest })),
    ...exported.flatMap(({ runId }): StorePart[] => [{ history: runId }, { completeHistory: runId }]),
    ...[...codes].map((code) => ({ code })),
    ...pages.map((document) => ({ document })),
  ];
}

async function copyReport(home: string, experimentId: string, folder: string): Promise<string[]> {
  const report = reportFolder(home, experimentId);
  const files = existsSync(report) ? await listFiles(report) : [];
  const name = relative(home, report);
  for (const file of files) {
    await ensureDir(dirname(join(folder, name, file)));
    await copyFile(join(report, file), join(folder, name, file));
  }
  return files.map((file) => `${name}/${file}`);
}

/**
 * Copies every file of an experiment, with its report, into a folder with the layout of a BUDGETLINE_HOME.
 *
 * @returns paths of the files, relative to the folder, sorted
 * @throws BudgetlineError INPUT_MISSING if the store does not have the experiment
 */
export async function copyRun({ store, home, experimentId }: HomeRun, folder: string): Promise<string[]> {
  const copied: string[] = [];
  for (const part of await listRunParts(store, experimentId))
    copied.push(...(await store.copy(part, folder)));
  // A stage that is unfinished here may have been made by another run.
  return [...new Set([...copied, ...(await copyReport(home, experimentId, folder))])].sort();
}

/** The first line of an experiment's chain. Throws INPUT_MISSING if the store does not have the run. */
export async function readOpening(store: Store, experimentId: string): Promise<LineOf<'experiment-opened'>> {
  const opening = openingOf(await store.chain({ experiment: experimentId }).read());
  if (opening === undefined) throw unknownExperiment(store, experimentId);
  return opening;
}

/** The workflow function of a run. Older ledgers are of sweeps and experiments only. */
export function workflowTypeOf({ workflowType, definition }: LineOf<'experiment-opened'>): string {
  return (
    workflowType ?? ('budgets' in (Object(definition) as object) ? 'allocationSweep' : 'allocationExperiment')
  );
}

export function unknownExperiment(store: Store, experimentId: string): BudgetlineError {
  return new BudgetlineError('INPUT_MISSING', `There is no run "${experimentId}" in ${store.name}.`, {
    remedy: 'Use the id that the plan and the report print, or set BUDGETLINE_HOME.',
    details: { experimentId },
  });
}
