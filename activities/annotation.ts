import { join } from 'node:path';
import { readLedger } from '../audit';
import { BudgetlineError } from '../contracts/failures';
import { generationRow } from '../schemas/rows';
import type { AnnotationBill, LedgerLine } from '../schemas/ledger';
import type { StageMetrics } from '../contracts/metrics';
import type { AnnotationSession, LocalGeneration } from '../contracts/task';
import { digestOf } from '../planning';
import { describeModel, ensureDir, type Claim } from '../store';
import { readJsonLines, writeJsonLines } from './json-lines';
import { generateAnswers } from './policy';
import type { StageSession } from './session';
import { askingOf, billedFor, billsOf, endedFor, sumBills } from './usage';

/** What an annotator or judge returned, and what it recorded for the stage's result. Its cost is in the stage's bill. */
export interface Annotated<T> {
  readonly result: T;
  readonly recorded: Pick<StageMetrics, 'metrics' | 'labels'>;
}

/**
 * Everything that is paid under one name goes into one folder, whatever task and role it is for, and that has one writer at
 * a time: so a limit on money holds for all of it, and no two stages pay for common rows.
 */
const folderKey = (name: string): string => digestOf({ annotations: name });

async function claimFolder({ environment }: StageSession, name: string): Promise<Claim> {
  const holder = `${environment.actor}@${environment.host} process ${process.pid}`;
  const outcome = await environment.store.claim(folderKey(name), holder);
  if ('claim' in outcome) return outcome.claim;
  throw new BudgetlineError('ANNOTATOR_BUSY', `${name} is working for ${outcome.heldBy.holder}.`);
}

/** Answers of a local model: a job of the training executable, as every generation. */
async function generateLocally(
  session: StageSession,
  { model, prompts, maxNewTokens }: LocalGeneration,
): Promise<string[]> {
  const part = `local-${digestOf({ model, prompts, maxNewTokens }).slice(0, 16)}`;
  const path = join(await ensureDir(join(session.runDir, part)), 'prompts.jsonl');
  const rows = prompts.map((prompt, index) => ({ id: String(index), prompt }));
  await writeJsonLines(path, rows);
  const policy = { model, adapter: null, digests: [(await describeModel(model)).digest] };
  const decoding = { mode: 'greedy' } as const;
  const options = { policy, prompts: path, samples: 1, decoding, maxNewTokens, seed: 0, part };
  const answers = await readJsonLines((await generateAnswers(session, options)).path, generationRow);
  const byId = new Map(answers.map(({ id, completion }) => [id, completion]));
  return rows.map(({ id }) => byId.get(id) ?? '');
}

interface Opening {
  readonly claim: Claim;
  /** The folder's. */
  readonly key: string;
  readonly record: AnnotationSession['record'];
  /** The stage's ledger. */
  readonly lines: readonly LedgerLine[];
}

function openSession(session: StageSession, { claim, key, record, lines }: Opening): AnnotationSession {
  return {
    stage: session.stage.key,
    // An evaluation asks one judge about several tasks, one after another.
    billed: sumBills([billedFor(key, lines), session.usage.billFor(key)]),
    ...allowanceOf(session, lines),
    folder: join(session.environment.store.paths.home, 'store', 'annotations', key),
    signal: AbortSignal.any([session.stop, claim.lost]),
    report: (step, steps) => session.report({ phase: 'annotate', step, steps }),
    spent: (cost) => session.usage.addCall(key, cost),
    record,
    generate: (request) => generateLocally(session, request),
  };
}

const readLines = ({ environment, stage }: StageSession): Promise<LedgerLine[]> =>
  readLedger(environment.store.paths.stageLedger(stage.key));

/** What was paid for this request: by this attempt so far, and by those of its that failed before. */
function billsOfRequest({ usage, context }: StageSession, lines: readonly LedgerLine[]): AnnotationBill[] {
  const before = billsOf(endedFor(lines, askingOf(context)));
  return [...before, ...(usage.annotation === null ? [] : [usage.annotation])];
}

/** What is left of what the stage may spend. */
function allowanceOf(session: StageSession, lines: readonly LedgerLine[]): { allowanceUsd?: number } {
  const { allowanceUsd } = session.request;
  if (allowanceUsd === undefined) return {};
  return { allowanceUsd: allowanceUsd - sumBills(billsOfRequest(session, lines)).usd };
}

/** The bill of this request, as figures. */
export async function billOf(session: StageSession): Promise<Record<string, number>> {
  const bills = billsOfRequest(session, await readLines(session));
  if (bills.length === 0) return {};
  const { calls, inputTokens, outputTokens, usd } = sumBills(bills);
  return { annotatorCalls: calls, inputTokens, outputTokens, annotatorUsd: usd };
}

/** Has somebody work through a stage's rows; what was paid for stays in their folder, whatever becomes of the attempt. */
export async function annotate<T>(
  session: StageSession,
  name: string,
  ask: (annotation: AnnotationSession) => Promise<T>,
): Promise<Annotated<T>> {
  const claim = await claimFolder(session, name);
  let recorded: Annotated<T>['recorded'] = { metrics: {} };
  const record: AnnotationSession['record'] = (metrics, labels = recorded.labels) => {
    recorded = { metrics: { ...recorded.metrics, ...metrics }, labels };
  };
  try {
    const lines = await readLines(session);
    const result = await ask(openSession(session, { claim, key: folderKey(name), record, lines }));
    return { result, recorded };
  } catch (error) {
    // An attempt that should end ends as one, however the annotator tells of it.
    session.assertWanted();
    throw error;
  } finally {
    await claim.release();
  }
}
