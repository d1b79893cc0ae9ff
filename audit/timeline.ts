import {
  type AuditedAttempt,
  type AuditedStage,
  type AuditedWorkflow,
  type RunTimeline,
  type Intervention,
} from '../contracts/run-timeline';
import type { LedgerLine, LineOf } from '../schemas/ledger';
import type { Store } from '../store';
import { readAnchor } from './anchor';
import { describeAttempts } from './attempts';
import {
  requestsByStage,
  unfinishedStages,
  type StageRequest,
  type StageRequests,
  type UnfinishedStage,
} from './stage-requests';
import { unknownExperiment, workflowTypeOf } from './run-files';
import { openingOf, readHistories, type ReadHistory, recordedStages } from './run-records';
import { runsOf, stateOf, totalsIn, totalsOf } from './timeline-totals';

const msBetween = (from: string, to: string): number => Date.parse(to) - Date.parse(from);

/** Time from the first run's request to its completion, minus the time of attempts. */
function waitingTime(requests: readonly StageRequest[], attempts: readonly AuditedAttempt[]): number | null {
  const [first] = requests;
  const doneAt = requests.filter(({ runId }) => runId === first?.runId).at(-1)?.doneAt ?? null;
  if (first === undefined || doneAt === null || attempts.length === 0) return null;
  const working = attempts.reduce((sum, { wallMs }) => sum + wallMs, 0);
  return Math.max(0, Math.round(msBetween(first.requestedAt, doneAt) - working));
}

interface Reading {
  readonly experimentId: string;
  /** What ids of cells begin with: the sweep's id. Its own workflow may have another one. */
  readonly cellPrefixes: readonly string[];
  readonly store: Store;
  readonly requests: StageRequests;
}

/** Workflow ids of cells are the sweep's id and the cell's name. */
function cellPrefixesOf(opening: LineOf<'experiment-opened'>): string[] {
  if (workflowTypeOf(opening) !== 'allocationSweep') return [];
  const { name } = Object(opening.definition) as { readonly name?: unknown };
  return [opening.experimentId, `${String(name)}-${opening.definitionDigest.slice(0, 12)}`];
}

function cellOf({ cellPrefixes }: Reading, workflowId = ''): string | null {
  const prefix = cellPrefixes.find((each) => workflowId.startsWith(`${each}-`));
  return prefix === undefined ? null : workflowId.slice(prefix.length + 1);
}

async function describeStage(
  reading: Reading,
  record: LineOf<'stage-recorded'> | UnfinishedStage,
): Promise<AuditedStage> {
  const { experimentId, store, requests } = reading;
  const { stage: key, kind } = record;
  const lines = await store.chain({ stage: key }).read();
  const all = describeAttempts(lines);
  const attempts = all.filter((attempt) => attempt.experimentId === experimentId);
  const { title, made } = (await store.get({ kind, key }))?.manifest ?? {};
  const published = all.filter(({ outcome }) => outcome === 'published').at(-1);
  const madeBy = 'artifact' in record ? (made?.experimentId ?? published?.experimentId ?? null) : null;
  const ofStage = requests.get(key) ?? [];
  return {
    key,
    kind,
    attempts,
    madeBy,
    state: 'state' in record ? record.state : madeBy === experimentId ? 'made' : 'reused',
    shared: all.filter((attempt) => attempt.experimentId !== experimentId),
    waitingMs: waitingTime(ofStage, attempts),
    scores: lines.flatMap((line) => (line.type === 'attempt-ended' ? [line.scores ?? []] : [])).at(-1) ?? [],
    // Another run may have made it under another name.
    title: ofStage[0]?.title ?? title ?? kind,
    cell: cellOf(reading, attempts[0]?.workflowId ?? ofStage[0]?.workflowId),
    artifact: 'artifact' in record ? record.artifact : null,
    requestedAt: ofStage[0]?.requestedAt ?? null,
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
    workflowId,
    runId,
    type,
    startedAt,
    lastAt,
    activities: activities.length,
    failedActivities: failed.length,
  };
}

type Anchor = Exclude<Awaited<ReturnType<typeof readAnchor>>, 'invalid'>;

const describeAnchor = (anchor: Anchor): RunTimeline['anchor'] =>
  anchor === undefined
    ? null
    : { head: anchor.head, lines: anchor.lines, signedBy: anchor.signature?.publicKey ?? null };

function whenStarted({ requestedAt, attempts }: AuditedStage): string {
  return attempts[0]?.startedAt ?? requestedAt ?? '';
}

interface RunRecords {
  readonly anchor: Anchor;
  readonly histories: readonly ReadHistory[];
  readonly stages: readonly AuditedStage[];
  readonly requests: StageRequests;
}

/** Totals of the run that anchored the head. Encrypted histories do not show which stages were its own. */
function lastRunOf({ anchor, histories, stages, requests }: RunRecords): RunTimeline['lastRun'] {
  if (anchor === undefined || histories.some(({ history }) => history.sealedWith.length > 0)) return null;
  const { runId } = anchor;
  return { runId, totals: totalsIn(runsOf(runId, histories), stages, requests) };
}

/** Whether an attempt of a run without a history started after the last event of all histories. */
function isRunning({ histories, stages }: RunRecords): boolean {
  const known = new Set(histories.map(({ record }) => record.runId));
  const until = histories
    .map(({ history }) => history.lastAt)
    .sort()
    .at(-1);
  return stages.some(({ attempts }) =>
    attempts.some(({ runId, startedAt }) => !known.has(runId) && startedAt > (until ?? '')),
  );
}

function stateIn(records: RunRecords, totals: RunTimeline['totals']): RunTimeline['state'] {
  const { anchor, histories } = records;
  if (anchor === undefined || isRunning(records)) return { is: 'running', reason: null };
  return stateOf(lastRunOf(records) ?? { runId: anchor.runId, totals }, histories);
}

/**
 * Joins ledger, histories and artifacts of a run, from a store or an unpacked bundle.
 *
 * @throws BudgetlineError INPUT_MISSING if the store does not have the run; LEDGER_CORRUPT
 */
export async function readTimeline(store: Store, experimentId: string): Promise<RunTimeline> {
  const lines = await store.chain({ experiment: experimentId }).read();
  const opening = openingOf(lines);
  if (opening === undefined) throw unknownExperiment(store, experimentId);
  const histories = await readHistories(store, lines);
  const requests = requestsByStage(histories);
  const used = [...recordedStages(lines), ...unfinishedStages(lines, requests)];
  const reading = { experimentId, cellPrefixes: cellPrefixesOf(opening), store, requests };
  const stages = await Promise.all(used.map((record) => describeStage(reading, record)));
  stages.sort((a, b) => whenStarted(a).localeCompare(whenStarted(b)));
  const found = await readAnchor(store, experimentId);
  const anchor = found === 'invalid' ? undefined : found;
  const records = { anchor, histories, stages, requests };
  const totals = totalsOf(stages);
  const ends = [lines.at(-1)?.time ?? '', ...histories.map(({ history }) => history.lastAt)];
  return {
    experimentId,
    workflowId: opening.workflowId ?? experimentId,
    workflowType: workflowTypeOf(opening),
    definition: opening.definition,
    definitionDigest: opening.definitionDigest,
    openedAt: opening.time,
    openedBy: opening.actor,
    lastAt: ends.sort().at(-1) ?? '',
    state: stateIn(records, totals),
    stages,
    interventions: interventionsOf(lines),
    workflows: histories.map(describeWorkflow),
    totals,
    lastRun: lastRunOf(records),
    anchor: describeAnchor(anchor),
  };
}
