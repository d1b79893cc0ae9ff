import type {
  AttemptOutcome,
  AuditedAttempt,
  AuditedStage,
  AuditTotals,
  RunState,
  StageState,
} from '../contracts/run-timeline';
import { describeTotals } from '../contracts/run-timeline';
import type { StageRequests } from './stage-requests';
import type { ReadHistory } from './run-records';

function countBy<T, K extends string>(all: readonly T[], keyOf: (one: T) => K): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const one of all) counts[keyOf(one)] = (counts[keyOf(one)] ?? 0) + 1;
  return counts;
}

/** Totals over stages and their attempts. */
export function totalsOf(stages: readonly AuditedStage[]): AuditTotals {
  const attempts = stages.flatMap((stage) => stage.attempts);
  const sum = (pick: (attempt: AuditedAttempt) => number): number =>
    attempts.reduce((total, attempt) => total + pick(attempt), 0);
  return {
    stages: stages.length,
    states: countBy<AuditedStage, StageState>(stages, ({ state }) => state),
    attempts: attempts.length,
    outcomes: countBy<AuditedAttempt, AttemptOutcome>(attempts, ({ outcome }) => outcome),
    workingMs: sum(({ wallMs }) => wallMs),
    waitingMs: stages.reduce((total, { waitingMs }) => total + (waitingMs ?? 0), 0),
    deviceMs: sum(({ deviceMs }) => deviceMs),
    cpuMs: sum(({ cpuMs }) => cpuMs ?? 0),
    cpuUnknown: attempts.filter(({ cpuMs }) => cpuMs === null).length,
    tokens: sum(({ tokens }) => tokens),
    verifierCalls: sum(({ verifierCalls }) => verifierCalls),
    usd: sum(({ usd }) => usd ?? 0),
  };
}

/** Ids of a run, the runs before it (continue-as-new), and the children of all of them. */
export function runsOf(runId: string, histories: readonly ReadHistory[]): Set<string> {
  const byId = new Map(histories.map(({ record, history }) => [record.runId, history]));
  const found = new Set<string>();
  for (const waiting = [runId]; waiting.length > 0;) {
    const id = waiting.pop();
    if (id === undefined || found.has(id)) continue;
    found.add(id);
    const { children = [], continuedFrom = null } = byId.get(id) ?? {};
    waiting.push(...children.map((child) => child.runId), ...(continuedFrom === null ? [] : [continuedFrom]));
  }
  return found;
}

/** The stage from the view of some runs of its experiment: stages made by other runs are reused. */
function seenFrom(runs: ReadonlySet<string>, stage: AuditedStage): AuditedStage {
  const attempts = stage.attempts.filter(({ runId }) => runs.has(runId));
  const made = attempts.some(({ outcome }) => outcome === 'published');
  return { ...stage, attempts, state: stage.artifact === null ? stage.state : made ? 'made' : 'reused' };
}

/** Totals of some runs, over the stages that they requested. */
export function totalsIn(
  runs: ReadonlySet<string>,
  stages: readonly AuditedStage[],
  requests: StageRequests,
): AuditTotals {
  const requested = stages.filter(
    ({ key }) => requests.get(key)?.some(({ runId }) => runs.has(runId)) === true,
  );
  return totalsOf(requested.map((stage) => seenFrom(runs, stage)));
}

const endings: Readonly<Record<string, RunState>> = {
  EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: { is: 'failed', reason: 'The workflow timed out.' },
  EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: { is: 'failed', reason: 'The workflow was terminated.' },
  EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: { is: 'cancelled', reason: 'The run was cancelled.' },
};

const isWhole = ({ states }: AuditTotals): boolean =>
  Object.keys(states).every((state) => state === 'made' || state === 'reused');

const hasEnded = (event: string): boolean => /_(COMPLETED|FAILED|TIMED_OUT|TERMINATED|CANCELED)$/.test(event);

/** How the run that anchored the head ended. An exported history stops before the end; a complete one does not. */
export function stateOf(
  { runId, totals }: { readonly runId: string; readonly totals: AuditTotals },
  histories: readonly ReadHistory[],
): RunState {
  const runs = runsOf(runId, histories);
  const own = histories.filter(({ record }) => runs.has(record.runId));
  const root = own.find(({ record }) => record.runId === runId)?.history;
  if (root?.failure) return { is: 'failed', reason: `${root.failure.code}: ${root.failure.message}` };
  const ending = endings[root?.lastEvent ?? ''];
  if (ending !== undefined) return ending;
  if (root?.cancelRequested === true) return { is: 'cancelled', reason: 'The run was cancelled.' };
  const cells = own.filter(({ record }) => record.workflowId !== rootIdOf(own, runId));
  const unfinished = cells.filter(
    ({ history: { lastEvent } }) => hasEnded(lastEvent) && !lastEvent.endsWith('_COMPLETED'),
  );
  if (unfinished.length === 0 && isWhole(totals)) return { is: 'completed', reason: null };
  const ofCells =
    unfinished.length === 0 ? '' : `${unfinished.length} of ${cells.length} cells did not finish: `;
  return { is: 'failed', reason: `${ofCells}${describeTotals(totals)}.` };
}

const rootIdOf = (histories: readonly ReadHistory[], runId: string): string | undefined =>
  histories.find(({ record }) => record.runId === runId)?.record.workflowId;
