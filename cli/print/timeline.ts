import {
  type AuditedAttempt,
  type AuditedStage,
  type RunTimeline,
  describeTotals,
  type Intervention,
  isUnsuccessful,
  namedEvaluations,
} from '../../contracts/run-timeline';
import { kindOf } from '../../contracts/run-kind';
import type { Ink } from './ink';
import { formatCount, formatDuration, formatEstimate, formatUsd } from './numbers';
import { renderTable, type TableCell } from './table';
import { countOf, fit, padRight, wrap } from './text';

const timeOf = (time: string): string => time.slice(0, 19).replace('T', ' ');

/** "2 attempts", "1 attempt, failed", "made by SWEEP". */
function outcomeText({ state, madeBy, attempts }: AuditedStage): string {
  if (state === 'reused') return fit(`made by ${madeBy ?? 'an unknown run'}`, 32);
  if (state !== 'made' && attempts.length === 0) return `${state}, not started`;
  const counted = countOf(attempts.length, 'attempt');
  return state === 'made' ? counted : `${counted}, ${state}`;
}

/** What this run paid for a stage; empty without payments. */
function paidBy({ attempts }: AuditedStage): string {
  const usd = attempts.reduce((sum, attempt) => sum + (attempt.usd ?? 0), 0);
  return usd === 0 ? '' : formatUsd(usd);
}

function stageRow(stage: AuditedStage, ink: Ink): TableCell[] {
  const { attempts } = stage;
  const sum = (pick: (attempt: AuditedAttempt) => number): number =>
    attempts.reduce((all, each) => all + pick(each), 0);
  const duration = (ms: number | null): string =>
    ms === null || attempts.length === 0 ? '' : formatDuration(ms);
  return [
    { text: fit(stage.title, 44) },
    { text: fit(stage.cell ?? '', 20), ink: ink.faint },
    { text: outcomeText(stage), ink: stage.state === 'reused' ? ink.faint : undefined },
    { text: duration(stage.waitingMs) },
    { text: duration(sum(({ wallMs }) => wallMs)) },
    { text: duration(sum(({ deviceMs }) => deviceMs)) },
    { text: paidBy(stage) },
  ];
}

function stageTable({ stages }: RunTimeline, ink: Ink): string[] {
  const right = ['Waiting', 'Working', 'Device', 'Paid'].map((title) => ({ title, right: true }));
  const columns = [{ title: 'Stage' }, { title: 'Cell' }, { title: 'Outcome' }, ...right];
  return renderTable({
    columns,
    rows: stages.map((stage) => stageRow(stage, ink)),
    head: ink.faint,
  });
}

/** Scores in the ledger: of the main task and of auxiliary tasks. */
function scoreTable(timeline: RunTimeline, ink: Ink): string[] {
  const evaluations = namedEvaluations(timeline);
  if (evaluations.length === 0) return [];
  const rows = evaluations.flatMap(({ name, stage }) =>
    stage.scores.map(({ auxiliary, items, score, low, high }, at) => [
      { text: at === 0 ? fit(name, 60) : '' },
      { text: auxiliary ?? 'main task' },
      { text: formatEstimate({ estimate: score, low, high }) },
      { text: formatCount(items) },
    ]),
  );
  const columns = [{ title: 'Cell' }, { title: 'Task' }, { title: 'Score' }, { title: 'Items', right: true }];
  return ['', ink.strong('Scores'), ...renderTable({ columns, rows, head: ink.faint })];
}

function describeFailure({ outcome, code, message, resumedFromStep }: AuditedAttempt): string {
  const from = resumedFromStep === null ? '' : ` It had resumed from step ${resumedFromStep}.`;
  return `${outcome}${code === null ? '' : `, ${code}`}: ${message ?? 'no message.'}${from}`;
}

function problemsOf(attempt: AuditedAttempt): string[] {
  const reductions = attempt.microBatchReductions.map(
    ({ fromStep, rows }) => `out of memory: micro-batch size ${rows} from step ${fromStep}`,
  );
  const warnings = attempt.warnings.map(({ code, message }) => `warning, ${code}: ${message}`);
  return [...reductions, ...warnings, ...(isUnsuccessful(attempt) ? [describeFailure(attempt)] : [])];
}

/** Groups consecutive attempts with the same code, e.g. those that wait for people for days. */
function groupAttempts(
  attempts: readonly AuditedAttempt[],
): (readonly [AuditedAttempt, ...AuditedAttempt[]])[] {
  const groups: [AuditedAttempt, ...AuditedAttempt[]][] = [];
  for (const attempt of attempts) {
    const before = groups.at(-1);
    const isAlike = attempt.code !== null && before?.[0].code === attempt.code;
    if (isAlike && attempt.microBatchReductions.length + attempt.warnings.length === 0) before.push(attempt);
    else groups.push([attempt]);
  }
  return groups;
}

/** Failed attempts, micro-batch reductions and the trainer's warnings. */
function problems({ stages }: RunTimeline, ink: Ink): string[] {
  const lines = stages.flatMap((stage) =>
    groupAttempts(stage.attempts).flatMap((group) => {
      const [first] = group;
      const times = group.length === 1 ? '' : `, ${group.length} times`;
      const name = `${timeOf(first.startedAt)}  ${stage.title}, attempt ${first.attempt}${times}`;
      const found = [...new Set([first, group.at(-1)!].flatMap(problemsOf))];
      return found.length === 0
        ? []
        : [`  ${ink.bad(name)}`, ...found.flatMap((text) => wrap(text, { first: '    ' }))];
    }),
  );
  if (lines.length > 0) return lines;
  const isWhole = stages.every(({ artifact }) => artifact !== null);
  return [isWhole ? '  none' : '  No attempt failed, but some stages above did not finish.'];
}

function interventions(all: readonly Intervention[]): string[] {
  return all.length === 0
    ? ['  none']
    : all.map(({ at, actor, what }) => `  ${timeOf(at)}  ${actor}: ${what}`);
}

/** Totals of the last run, if they differ from those of all runs. */
function lastRunEntry({ totals: all, lastRun }: RunTimeline): [string, string][] {
  if (lastRun === null || describeTotals(lastRun.totals) === describeTotals(all)) return [];
  return [['Last run', describeTotals(lastRun.totals)]];
}

/** What the last run paid, if earlier runs of the experiment paid too. */
function lastRunUsd({ totals: all, lastRun }: RunTimeline): string {
  if (lastRun === null || lastRun.totals.usd === all.usd) return '';
  return `; ${formatUsd(lastRun.totals.usd)} by the last run`;
}

function totals(timeline: RunTimeline, ink: Ink): string[] {
  const { totals: all } = timeline;
  const unknown = all.cpuUnknown === 0 ? '' : `, not measured in ${countOf(all.cpuUnknown, 'attempt')}`;
  const entries = [
    ['Work', describeTotals(all)],
    ...lastRunEntry(timeline),
    [
      'Time',
      `${formatDuration(all.workingMs)} working, ${formatDuration(all.waitingMs)} waiting (summed over stages)`,
    ],
    [
      'Device',
      `${(all.deviceMs / 3_600_000).toFixed(4)} hours; CPU ${(all.cpuMs / 3_600_000).toFixed(4)} hours${unknown}`,
    ],
    ['Tokens', `${formatCount(all.tokens)}; ${countOf(all.verifierCalls, 'verifier call')}`],
    ['Money', `${formatUsd(all.usd)} paid for annotation, each row once${lastRunUsd(timeline)}`],
  ] as const;
  return entries.map(([name, value]) => `  ${ink.faint(padRight(name, 8))}  ${value}`);
}

function sealing({ anchor, workflows }: RunTimeline): string {
  const histories = countOf(workflows.length, 'workflow history', 'workflow histories');
  if (anchor === null)
    return `${histories}; no head was anchored: stages are recorded when the run ends. While it runs, see "budgetline status".`;
  const signed = anchor.signedBy === null ? 'unsigned' : `signed by ${anchor.signedBy}`;
  return `${histories}; head ${anchor.head.slice(0, 12)}… after ${anchor.lines} lines, ${signed}.`;
}

/** State of the last run, with its reason. */
const describeState = ({ is, reason }: RunTimeline['state']): string =>
  `State: ${is}${reason === null ? '.' : `. ${reason}`}`;

/** The history of a run: stages, scores, problems, interventions and totals. */
export function renderTimeline(timeline: RunTimeline, ink: Ink): string[] {
  const { workflowId, workflowType, openedAt, openedBy, lastAt, state } = timeline;
  const isOwn = kindOf(workflowType) === 'workflow';
  const heading = (text: string): string[] => ['', ink.strong(text)];
  return [
    ink.strong(isOwn ? `${workflowId} (${workflowType})` : workflowId),
    ...wrap(`Opened ${timeOf(openedAt)} by ${openedBy}, last entry ${timeOf(lastAt)} (UTC).`),
    ...wrap(describeState(state)),
    ...wrap(`Definition ${timeline.definitionDigest}`),
    ...heading('Stages'),
    ...(timeline.stages.length === 0 ? ['  none recorded'] : stageTable(timeline, ink)),
    ...scoreTable(timeline, ink),
    ...heading('Problems'),
    ...problems(timeline, ink),
    ...heading('Interventions'),
    ...interventions(timeline.interventions),
    ...(timeline.stages.length === 0 ? [] : [...heading('Totals'), ...totals(timeline, ink)]),
    '',
    ...wrap(sealing(timeline)),
  ];
}
