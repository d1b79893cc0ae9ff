import {
  type AuditedAttempt,
  type AuditedStage,
  type AuditedWorkflow,
  type AuditStory,
  type AuditTotals,
  type Intervention,
  isUnsuccessful,
} from '../contracts/audit-story';
import type { LedgerLine, LineOf } from '../contracts/ledger';
import type { Store } from '../store';
import { readAnchor } from './anchor';
import { readLedger } from './ledger';
import {
  readHistories,
  recordedStages,
  unfinishedStages,
  unknownExperiment,
  type ReadHistory,
  type UnfinishedStage,
} from './run-files';

type Start = LineOf<'attempt-started'>;
type Ending = LineOf<'attempt-ended' | 'attempt-lost'>;

const nothingUsed = {
  ...{ exitCodes: [], wallMs: 0, deviceMs: 0, tokens: 0, checkerCalls: 0 },
  ...{ cpuMs: null, peakMemoryBytes: null, usd: null },
};

function outcomeOf(
  ending: Ending | undefined,
): Pick<AuditedAttempt, 'outcome' | 'code' | 'message' | 'endedAt'> {
  if (ending === undefined) return { outcome: 'open', code: null, message: null, endedAt: null };
  const endedAt = ending.time;
  if (ending.type === 'attempt-lost') return { outcome: 'lost', code: null, message: ending.reason, endedAt };
  const { outcome, code, message } = ending;
  return { outcome, code, message, endedAt };
}

function usedBy(
  ending: Ending | undefined,
): typeof nothingUsed | Pick<AuditedAttempt, keyof typeof nothingUsed> {
  if (ending?.type !== 'attempt-ended') return nothingUsed;
  const { exitCodes, wallMs, deviceMs, cpuMs, peakMemoryBytes, tokens, checkerCalls, usd } = ending;
  return { exitCodes, wallMs, deviceMs, cpuMs, peakMemoryBytes, tokens, checkerCalls, usd };
}

function describeAttempt(
  start: Start,
  lines: readonly LedgerLine[],
  ownRuns: ReadonlySet<string>,
): AuditedAttempt {
  const { fence, workflowId, runId, attempt, actor, host, device, resumedFromStep } = start;
  const its = lines.filter((line) => 'fence' in line && line.fence === fence);
  const ending = its.find((line) => line.type === 'attempt-ended' || line.type === 'attempt-lost');
  return {
    ...{ fence, workflowId, runId, attempt, actor, host, device, resumedFromStep },
    own: ownRuns.has(runId),
    startedAt: start.time,
    ...outcomeOf(ending),
    checkpoints: its.flatMap((line) =>
      line.type === 'attempt-checkpoint' ? [{ at: line.time, step: line.step }] : [],
    ),
    rungs: its.flatMap((line) =>
      line.type === 'attempt-rung' ? [{ fromStep: line.fromStep, rows: line.rows }] : [],
    ),
    warnings: its.flatMap((line) =>
      line.type === 'attempt-warning' ? [{ code: line.code, message: line.message }] : [],
    ),
    ...usedBy(ending),
  };
}

const msBetween = (from: string, to: string): number => Date.parse(to) - Date.parse(from);

interface Asked {
  readonly workflowId: string;
  readonly askedAt: string;
  readonly doneAt: string;
}

const keyIn = (input: unknown): unknown =>
  (input as { stage?: { key?: unknown } } | null | undefined)?.stage?.key;

/** When a stage was first asked for, by whom, and when it was there, as the histories tell; some are two activities. */
function askedFor(key: string, histories: readonly ReadHistory[]): Asked | undefined {
  const asked = histories.flatMap(({ record: { workflowId }, history }) => {
    const its = history.activities.filter(({ input }) => keyIn(input) === key);
    const [askedAt, doneAt] = [its[0]?.scheduledAt, its.at(-1)?.endedAt ?? undefined];
    return askedAt === undefined || doneAt === undefined ? [] : [{ workflowId, askedAt, doneAt }];
  });
  return asked.sort((a, b) => a.askedAt.localeCompare(b.askedAt))[0];
}

function waitedFor(asked: Asked | undefined, attempts: readonly AuditedAttempt[]): number | null {
  const own = attempts.filter(({ own: ours }) => ours);
  if (asked === undefined || own.length === 0) return null;
  const working = own.reduce((sum, { wallMs }) => sum + wallMs, 0);
  return Math.max(0, Math.round(msBetween(asked.askedAt, asked.doneAt) - working));
}

interface Reading {
  readonly experimentId: string;
  readonly store: Store;
  readonly histories: readonly ReadHistory[];
  readonly ownRuns: ReadonlySet<string>;
}

/** A cell's workflow is called by the sweep and its place in the grid. */
function cellOf(experimentId: string, workflowId = ''): string | null {
  return workflowId.startsWith(`${experimentId}-`) ? workflowId.slice(experimentId.length + 1) : null;
}

async function describeStage(
  { experimentId, store, histories, ownRuns }: Reading,
  record: LineOf<'stage-recorded'> | UnfinishedStage,
): Promise<AuditedStage> {
  const { stage: key, kind } = record;
  const made = 'artifact' in record ? record : { cached: false, artifact: null };
  const lines = await readLedger(store.paths.stageLedger(key));
  const starts = lines.filter((line) => line.type === 'attempt-started');
  const attempts = starts.map((start) => describeAttempt(start, lines, ownRuns));
  const asked = askedFor(key, histories);
  const title = (await store.readArtifact({ kind, key }))?.manifest.title;
  const waitingMs = waitedFor(asked, attempts);
  // A run that makes a stage and then asks for it again finds it in the store, and has made it all the same.
  const cached = made.cached && !attempts.some(({ own }) => own);
  return {
    ...{ key, kind, cached, waitingMs, attempts },
    scores: lines.flatMap((line) => (line.type === 'attempt-ended' ? [line.scores ?? []] : [])).at(-1) ?? [],
    title: title ?? ('title' in record ? record.title : kind),
    cell: cellOf(experimentId, attempts.find(({ own }) => own)?.workflowId ?? asked?.workflowId),
    artifact: made.artifact,
    askedAt: asked?.askedAt ?? null,
  };
}

/** { action: 'pause', mode: 'yield' } → "pause, yield". */
const describeCommand = (command: object): string => Object.values(command).map(String).join(', ');

function interventionsOf(lines: readonly LedgerLine[]): Intervention[] {
  return lines.flatMap((line) =>
    line.type === 'run-steered'
      ? [{ at: line.time, actor: line.actor, what: describeCommand(line.command) }]
      : [],
  );
}

function describeWorkflow({ record, history }: ReadHistory): AuditedWorkflow {
  const { workflowId, runId, workflowType: type } = record;
  const { startedAt, lastAt, activities } = history;
  const failed = activities.filter(({ outcome }) => outcome === 'failed' || outcome === 'timed-out');
  return {
    ...{ workflowId, runId, type, startedAt, lastAt },
    activities: activities.length,
    failedActivities: failed.length,
  };
}

function totalsOf(stages: readonly AuditedStage[]): AuditTotals {
  const attempts = stages.flatMap((stage) => stage.attempts).filter(({ own }) => own);
  const sum = (pick: (attempt: AuditedAttempt) => number): number =>
    attempts.reduce((total, attempt) => total + pick(attempt), 0);
  return {
    attempts: attempts.length,
    unsuccessful: attempts.filter(isUnsuccessful).length,
    cachedStages: stages.filter(({ cached }) => cached).length,
    unfinishedStages: stages.filter(({ artifact }) => artifact === null).length,
    workingMs: sum(({ wallMs }) => wallMs),
    waitingMs: stages.reduce((total, { waitingMs }) => total + (waitingMs ?? 0), 0),
    deviceMs: sum(({ deviceMs }) => deviceMs),
    cpuMs: sum(({ cpuMs }) => cpuMs ?? 0),
    cpuUnknown: attempts.filter(({ cpuMs }) => cpuMs === null).length,
    tokens: sum(({ tokens }) => tokens),
    checkerCalls: sum(({ checkerCalls }) => checkerCalls),
    usd: sum(({ usd }) => usd ?? 0),
  };
}

async function describeAnchor(store: Store, experimentId: string): Promise<AuditStory['anchor']> {
  const anchor = await readAnchor(store, experimentId);
  if (anchor === undefined || anchor === 'invalid') return null;
  return { head: anchor.head, lines: anchor.lines, signedBy: anchor.signature?.publicKey ?? null };
}

function whenStarted({ askedAt, attempts }: AuditedStage): string {
  return attempts.find(({ own }) => own)?.startedAt ?? askedAt ?? '';
}

/**
 * Joins ledger, histories and artifacts of a run, from a store or from an unpacked bundle.
 *
 * @throws BudgetlineError INPUT_MISSING where there is no such run; LEDGER_CORRUPT
 */
export async function readStory(store: Store, experimentId: string): Promise<AuditStory> {
  const lines = await readLedger(store.paths.experimentLedger(experimentId));
  const [opening] = lines;
  if (opening?.type !== 'experiment-opened') throw unknownExperiment(store, experimentId);
  const histories = await readHistories(store, lines);
  const ownRuns = new Set(histories.map(({ record }) => record.runId));
  const reading = { experimentId, store, histories, ownRuns };
  const asked = [...recordedStages(lines), ...unfinishedStages(lines, histories)];
  const stages = await Promise.all(asked.map((record) => describeStage(reading, record)));
  stages.sort((a, b) => whenStarted(a).localeCompare(whenStarted(b)));
  const ends = [lines.at(-1)?.time ?? '', ...histories.map(({ history }) => history.lastAt)];
  return {
    experimentId,
    definition: opening.definition,
    definitionDigest: opening.definitionDigest,
    openedAt: opening.time,
    openedBy: opening.actor,
    lastAt: ends.sort().at(-1) ?? '',
    stages,
    interventions: interventionsOf(lines),
    workflows: histories.map(describeWorkflow),
    totals: totalsOf(stages),
    anchor: await describeAnchor(store, experimentId),
  };
}
