import {
  type AuditedAttempt,
  type AuditedStage,
  type AuditStory,
  describeTotals,
  type Intervention,
  isUnsuccessful,
} from '../../contracts/audit-story';
import type { Ink } from './ink';
import { formatCount, formatDuration, formatEstimate, formatUsd } from './numbers';
import { renderTable, type TableCell } from './table';
import { countOf, fit, padRight, wrap } from './text';

const timeOf = (time: string): string => time.slice(0, 19).replace('T', ' ');

/** "2 attempts", "1 attempt, failed", "made by SWEEP". */
function outcomeText({ state, madeBy, attempts }: AuditedStage): string {
  if (state === 'reused') return fit(`made by ${madeBy ?? 'nobody known'}`, 32);
  if (state !== 'made' && attempts.length === 0) return `${state}, never begun`;
  const counted = countOf(attempts.length, 'attempt');
  return state === 'made' ? counted : `${counted}, ${state}`;
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
    { text: outcomeText(stage), ...(stage.state === 'reused' ? { ink: ink.faint } : {}) },
    { text: duration(stage.waitingMs) },
    { text: duration(sum(({ wallMs }) => wallMs)) },
    { text: duration(sum(({ deviceMs }) => deviceMs)) },
  ];
}

function stageTable({ stages }: AuditStory, ink: Ink): string[] {
  const right = ['Waiting', 'Working', 'Device'].map((title) => ({ title, right: true }));
  const columns = [{ title: 'Stage' }, { title: 'Cell' }, { title: 'How' }, ...right];
  return renderTable({
    columns,
    rows: stages.map((stage) => stageRow(stage, ink)),
    head: ink.faint,
  });
}

/** What evaluations found, as the ledger has it: of the task that is tuned for, and of those beside. */
function scoreTable({ stages }: AuditStory, ink: Ink): string[] {
  const evaluations = stages.filter(({ scores }) => scores.length > 0);
  if (evaluations.length === 0) return [];
  const rows = evaluations.flatMap(({ cell, title, scores }) =>
    scores.map(({ auxiliary, items, score, low, high }, at) => [
      { text: at === 0 ? (cell ?? fit(title, 44)) : '' },
      { text: auxiliary ?? 'score' },
      { text: formatEstimate({ estimate: score, low, high }) },
      { text: formatCount(items) },
    ]),
  );
  const columns = [{ title: 'Cell' }, { title: 'Of' }, { title: 'Found' }, { title: 'Items', right: true }];
  return ['', ink.strong('Scores'), ...renderTable({ columns, rows, head: ink.faint })];
}

function describeTrouble({ outcome, code, message, resumedFromStep }: AuditedAttempt): string {
  const from = resumedFromStep === null ? '' : ` It had gone on from step ${resumedFromStep}.`;
  return `${outcome}${code === null ? '' : `, ${code}`}: ${message ?? 'it says no more.'}${from}`;
}

function troublesOf(attempt: AuditedAttempt): string[] {
  const rungs = attempt.rungs.map(
    ({ fromStep, rows }) => `out of memory: micro-batches of ${rows} rows from step ${fromStep}`,
  );
  const warnings = attempt.warnings.map(({ code, message }) => `warned, ${code}: ${message}`);
  return [...rungs, ...warnings, ...(isUnsuccessful(attempt) ? [describeTrouble(attempt)] : [])];
}

/** Attempts that ended alike one after another, as those do that wait for people for days: told of by the first and the last. */
function runsOf(attempts: readonly AuditedAttempt[]): (readonly [AuditedAttempt, ...AuditedAttempt[]])[] {
  const runs: [AuditedAttempt, ...AuditedAttempt[]][] = [];
  for (const attempt of attempts) {
    const before = runs.at(-1);
    const isAlike = attempt.code !== null && before?.[0].code === attempt.code;
    if (isAlike && attempt.rungs.length + attempt.warnings.length === 0) before.push(attempt);
    else runs.push([attempt]);
  }
  return runs;
}

/** Everything that did not go straight: attempts in vain, rungs, the trainer's warnings. */
function troubles({ stages }: AuditStory, ink: Ink): string[] {
  const lines = stages.flatMap((stage) =>
    runsOf(stage.attempts).flatMap((run) => {
      const [first] = run;
      const times = run.length === 1 ? '' : `, ${run.length} times`;
      const name = `${timeOf(first.startedAt)}  ${stage.title}, attempt ${first.attempt}${times}`;
      const told = [...new Set([first, run.at(-1)!].flatMap(troublesOf))];
      return told.length === 0
        ? []
        : [`  ${ink.bad(name)}`, ...told.flatMap((text) => wrap(text, { first: '    ' }))];
    }),
  );
  if (lines.length > 0) return lines;
  const isWhole = stages.every(({ artifact }) => artifact !== null);
  return [isWhole ? '  nothing' : '  No attempt failed; the stages above say what did not end.'];
}

function interventions(all: readonly Intervention[]): string[] {
  return all.length === 0
    ? ['  none']
    : all.map(({ at, actor, what }) => `  ${timeOf(at)}  ${actor}: ${what}`);
}

/** What the last run came to, where earlier ones had a share. */
function lastRunEntry({ totals: all, lastRun }: AuditStory): [string, string][] {
  if (lastRun === null || describeTotals(lastRun.totals) === describeTotals(all)) return [];
  return [['Last run', describeTotals(lastRun.totals)]];
}

function totals(story: AuditStory, ink: Ink): string[] {
  const { totals: all } = story;
  const unknown = all.cpuUnknown === 0 ? '' : `, not measured in ${countOf(all.cpuUnknown, 'attempt')}`;
  const entries = [
    ['Work', describeTotals(all)],
    ...lastRunEntry(story),
    [
      'Working',
      `${formatDuration(all.workingMs)}, and ${formatDuration(all.waitingMs)} waiting, summed over stages`,
    ],
    [
      'Device',
      `${(all.deviceMs / 3_600_000).toFixed(4)} hours; processor ${(all.cpuMs / 3_600_000).toFixed(4)} hours${unknown}`,
    ],
    ['Tokens', `${formatCount(all.tokens)}; ${countOf(all.verifierCalls, 'checker call')}`],
    ['Money', `${formatUsd(all.usd)} by its own attempts; a row that stages share counts in each`],
  ] as const;
  return entries.map(([name, value]) => `  ${ink.faint(padRight(name, 8))}  ${value}`);
}

function sealing({ anchor, workflows }: AuditStory): string {
  const histories = countOf(workflows.length, 'workflow history', 'workflow histories');
  if (anchor === null)
    return `${histories}; no head was anchored: the run goes on, or ended without telling of it.`;
  const signed = anchor.signedBy === null ? 'unsigned' : `signed by ${anchor.signedBy}`;
  return `${histories}; head ${anchor.head.slice(0, 12)}… after ${anchor.lines} lines, ${signed}.`;
}

/** "completed", "running", "failed: why": of the last run. */
const describeState = ({ is, reason }: AuditStory['state']): string =>
  `State: ${is}${reason === null ? '.' : `. ${reason}`}`;

/** A run's story for a terminal: stages, what went wrong, what people did, what it took. */
export function renderStory(story: AuditStory, ink: Ink): string[] {
  const { experimentId, openedAt, openedBy, lastAt, state } = story;
  const heading = (text: string): string[] => ['', ink.strong(text)];
  return [
    ink.strong(experimentId),
    ...wrap(`Opened ${timeOf(openedAt)} by ${openedBy}, last entry ${timeOf(lastAt)} (UTC).`),
    ...wrap(describeState(state)),
    ...wrap(`Definition ${story.definitionDigest}`),
    ...heading('Stages'),
    ...stageTable(story, ink),
    ...scoreTable(story, ink),
    ...heading('What went wrong'),
    ...troubles(story, ink),
    ...heading('What people did'),
    ...interventions(story.interventions),
    ...heading('In all'),
    ...totals(story, ink),
    '',
    ...wrap(sealing(story)),
  ];
}
