import { readdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../schemas/scalars';
import { BudgetlineError } from '../contracts/failures';
import type { LedgerLine, LineOf } from '../schemas/ledger';
import { stageKinds, type StageKey } from '../contracts/stage';
import { isMissing, type ArtifactId, type Store } from '../store';
import { requestsByStage, unfinishedStages } from './stage-requests';
import type { WorkflowHistory } from './history';
import { readLedger } from './ledger';
import { exportedHistories, readHistories, recordedStages } from './run-records';

const withPages = z.looseObject({ pages: z.array(z.looseObject({ digest: sha256 })) });

/** Digests of the pages of a large sweep's result: those passed on at continue-as-new, and those of the last run. */
export function resultPages(histories: readonly WorkflowHistory[]): string[] {
  const pages = histories.flatMap(({ input, result }) => [
    withPages.safeParse((input as { previous?: unknown } | undefined)?.previous).data?.pages ?? [],
    withPages.safeParse(result).data?.pages ?? [],
  ]);
  return [...new Set(pages.flat().map(({ digest }) => digest))];
}

/** Finds an artifact by key, trying each kind. An invalid key, e.g. from a damaged manifest, finds nothing. */
export async function findArtifact(store: Store, key: StageKey | undefined): Promise<ArtifactId | undefined> {
  if (key === undefined || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  for (const kind of stageKinds) {
    const found = await store.readArtifact({ kind, key });
    if (found !== undefined) return { kind, key };
  }
  return undefined;
}

async function filesBelow(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() ? [`${entry.parentPath}/${entry.name}`] : []));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Artifacts of recorded stages and, recursively, of their inputs. */
async function lineageOf(store: Store, lines: readonly LedgerLine[]): Promise<ArtifactId[]> {
  const found = new Map<StageKey, ArtifactId>();
  let waiting = recordedStages(lines).map(({ stage }) => stage);
  while (waiting.length > 0) {
    const ids = await Promise.all(waiting.map((key) => findArtifact(store, key)));
    const fresh = ids.filter((id) => id !== undefined && !found.has(id.key)) as ArtifactId[];
    for (const id of fresh) found.set(id.key, id);
    const stored = await Promise.all(fresh.map((id) => store.readArtifact(id)));
    waiting = stored.flatMap((artifact) => Object.values(artifact?.manifest.inputs ?? {}));
    waiting = waiting.filter((key) => !found.has(key));
  }
  return [...found.values()];
}

/**
 * Paths of every file of an experiment, relative to the store's home: chains (also of unfinished stages), artifacts with
 * their inputs, histories, workflow code, anchor, result and report.
 *
 * @throws BudgetlineError INPUT_MISSING if the store does not have the experiment
 */
export async function listRunFiles(store: Store, experimentId: string): Promise<string[]> {
  const { paths } = store;
  const lines = await readLedger(paths.experimentLedger(experimentId));
  if (lines.length === 0) throw unknownExperiment(store, experimentId);
  const artifacts = await lineageOf(store, lines);
  const exported = exportedHistories(lines);
  const histories = await readHistories(store, lines);
  const pages = resultPages(histories.map(({ history }) => history));
  const codes = new Set(exported.flatMap(({ codeDigest }) => (codeDigest === null ? [] : [codeDigest])));
  const files = [
    paths.experimentLedger(experimentId),
    paths.anchor(experimentId),
    ...artifacts.map(({ key }) => paths.stageLedger(key)),
    ...unfinishedStages(lines, requestsByStage(histories)).map(({ stage }) => paths.stageLedger(stage)),
    ...exported.flatMap(({ runId }) => [paths.history(runId), paths.completeHistory(runId)]),
    ...[...codes].map((digest) => paths.code(digest)),
    ...pages.map((digest) => paths.document(digest)),
  ];
  const folders = [...artifacts.map((id) => paths.artifact(id)), paths.report(experimentId)];
  const below = await Promise.all(folders.map(filesBelow));
  return [...files, ...below.flat()].map((path) => relative(paths.home, path)).sort();
}

/** The first line of an experiment's chain. Throws INPUT_MISSING if the store does not have the run. */
export async function readOpening(store: Store, experimentId: string): Promise<LineOf<'experiment-opened'>> {
  const [opening] = await readLedger(store.paths.experimentLedger(experimentId));
  if (opening?.type !== 'experiment-opened') throw unknownExperiment(store, experimentId);
  return opening;
}

export function unknownExperiment(store: Store, experimentId: string): BudgetlineError {
  return new BudgetlineError('INPUT_MISSING', `There is no run "${experimentId}" in ${store.paths.home}.`, {
    remedy: 'Use the id that the plan and the report print, or set BUDGETLINE_HOME.',
    details: { experimentId },
  });
}
