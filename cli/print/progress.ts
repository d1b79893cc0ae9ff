import stringWidth from 'string-width';
import type { RunProgress } from '../../app/run/progress';
import type { RunningStage } from '../../client';
import type { CellIdentity, CellProgress } from '../../contracts/results';
import { remedyOf } from '../../core/failures';
import type { Ink } from './ink';
import { formatBudget, formatCount, formatDuration, formatFraction, formatRoughly } from './numbers';
import { fit, padRight, pageWidth } from './text';

/** Codes of expected retries: another cell runs the stage, the worker was stopped. */
const expectedRetries: ReadonlySet<string> = new Set([
  'STAGE_CLAIMED',
  'TRAINER_YIELDED',
  'WORKER_STOPPING',
  'CLAIM_LOST',
  'ANNOTATOR_BUSY',
]);

const waitsForPeople = ({ lastFailure }: RunningStage): boolean => lastFailure?.code === 'ANNOTATION_PENDING';

/** "SFT share 0.5 at 64, clean": split, budget and axis values. */
function placeOf(cell: CellIdentity): string {
  const axes = Object.values(cell.axes ?? {}).map((label) => `, ${label}`);
  return `SFT share ${formatFraction(cell.sftFraction)} at ${formatBudget(cell.budget, cell.budgetUnit ?? 'rows')}${axes.join('')}`;
}

function whereOf({ workflowId }: RunningStage, { cells }: RunProgress): string {
  const cell = cells.get(workflowId);
  return cell === undefined ? '' : placeOf(cell);
}

/** "train 40/64", "loss 0.412", "8,512 tokens/s", "12 s left": as far as the running stage reports them. */
function metricsOf({ progress }: RunningStage): string[] {
  if (progress === undefined) return [];
  const { phase, step, steps, loss, tokensPerSecond, secondsLeft } = progress;
  return [
    steps === 0 ? phase : `${phase} ${formatCount(step)}/${formatCount(steps)}`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(3)}`]),
    ...(tokensPerSecond === undefined ? [] : [`${formatCount(tokensPerSecond)} tokens/s`]),
    ...(secondsLeft === undefined ? [] : [`${formatRoughly(secondsLeft)} left`]),
  ];
}

/** Whether it waits for something outside of it, also while an attempt looks whether that is back. */
const meetsOutage = ({ progress }: RunningStage): boolean => progress?.outage !== undefined;

const running = ({ status }: RunProgress): RunningStage[] =>
  status.running.filter(
    (running) => running.state === 'running' && running.stage !== undefined && !meetsOutage(running),
  );

/** Stages that are retried for an unexpected reason. */
const retrying = ({ status }: RunProgress): RunningStage[] =>
  status.running.filter(
    ({ state, lastFailure }) =>
      state === 'retrying' && lastFailure !== undefined && !expectedRetries.has(lastFailure.code),
  );

const failing = (progress: RunProgress): RunningStage[] =>
  retrying(progress).filter((stage) => !waitsForPeople(stage) && !meetsOutage(stage));

/** What is away, each once: the text stays the same while it is. */
function outageLines(progress: RunProgress): string[] {
  const waiting = progress.status.running.filter(meetsOutage);
  const first = new Map<string, RunningStage>();
  for (const stage of waiting) {
    const code = stage.progress?.outage?.code ?? '';
    const before = first.get(code)?.progress?.outage?.sinceMs ?? Infinity;
    if ((stage.progress?.outage?.sinceMs ?? 0) < before) first.set(code, stage);
  }
  return [...first].map(([code, { progress: reported, lastFailure }]) => {
    const since = new Date(reported?.outage?.sinceMs ?? 0).toTimeString().slice(0, 5);
    return `  ! Waiting since ${since} (${code}). ${lastFailure?.message ?? ''} ${remedyOf({ code })}`;
  });
}

/** Annotation queues that the sweep waits for, each once. */
const peopleLines = (progress: RunProgress): string[] => [
  ...new Set(
    retrying(progress)
      .filter(waitsForPeople)
      .map(({ lastFailure }) => `  ? ${lastFailure?.message ?? ''}`),
  ),
];

function countCells({ status, cells }: RunProgress): string {
  const count = (wanted: CellProgress['state']): number =>
    status.progress?.cells.filter(({ state }) => state === wanted).length ?? 0;
  const [failed, skipped] = [count('failed'), count('skipped')];
  return [
    `${count('done')} of ${cells.size} cells`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ].join(', ');
}

/** No estimate while the sweep waits for people. */
function timesOf(progress: RunProgress): string {
  const { elapsedMs, secondsLeft, continues } = progress;
  const isKnown = secondsLeft !== null && peopleLines(progress).length === 0;
  const bound = continues ? 'at least' : 'about';
  return `${formatDuration(elapsedMs)}${isKnown ? `, ${bound} ${formatRoughly(secondsLeft)} left` : ''}`;
}

const phaseWords = {
  cells: '',
  controls: 'controls',
  tests: 'test items',
  recording: 'writing the ledger',
  done: 'done',
} as const;

function phaseOf({ status }: RunProgress): string {
  const { phase, paused = null } = status.progress ?? {};
  if (phase === undefined) return 'waiting for the workers';
  if (paused !== null) return 'paused';
  return phaseWords[phase];
}

function headOf(progress: RunProgress): string {
  const { status, stages, continues } = progress;
  const noun = continues ? 'known stages' : 'stages';
  const parts = [countCells(progress), `${status.finished.size} of ${stages} ${noun}`, phaseOf(progress)];
  return parts.filter((part) => part !== '').join(', ');
}

function scoresOf({ status }: RunProgress): string {
  const base = status.progress?.baseScore ?? null;
  const cells = status.progress?.cells ?? [];
  const hasAxes = cells.some(({ cell: { axes } }) => axes !== undefined);
  const scored = cells.filter(({ state }) => state === 'done');
  const best = [...scored].sort((a, b) => (b.score ?? 0) - (a.score ?? 0))[0];
  const parts = [
    ...(base === null ? [] : [`base ${base.toFixed(3)}${hasAxes ? ' (first axis values)' : ''}`]),
    ...(best?.score === undefined ? [] : [`best so far ${best.score.toFixed(3)} (${placeOf(best.cell)})`]),
  ];
  return parts.join(', ');
}

function failureLine({ stage, attempt, lastFailure }: RunningStage): string {
  const { code = '', message = '' } = lastFailure ?? {};
  return `  ! ${stage?.title ?? 'A stage'}: retrying (attempt ${attempt}) after ${code}. ${message}`;
}

const titleOf = ({ stage, type }: RunningStage): string => stage?.title ?? type;

function stageLines(progress: RunProgress): string[] {
  const stages = running(progress);
  const width = Math.max(...stages.map((stage) => stringWidth(titleOf(stage))));
  return stages.map((stage) => {
    const parts = [whereOf(stage, progress), ...metricsOf(stage)].filter((part) => part !== '');
    return `  ${padRight(titleOf(stage), width)}  ${parts.join('   ')}`;
  });
}

function queueLine(progress: RunProgress): string[] {
  const idle = progress.status.running.filter((stage) => stage.state !== 'running' && !meetsOutage(stage));
  const waiting = idle.length - retrying(progress).filter((stage) => !meetsOutage(stage)).length;
  return waiting === 0 ? [] : [`  ${waiting} more ${waiting === 1 ? 'waits' : 'wait'} for a device`];
}

/** The block that is redrawn in place on a terminal. Lines are cut to the width, since a wrapped line would not be erased. */
export function renderProgress(progress: RunProgress, ink: Ink, width = pageWidth): string[] {
  const head = headOf(progress);
  const times = timesOf(progress);
  const blank = ' '.repeat(Math.max(2, width - stringWidth(head) - stringWidth(times)));
  const scores = scoresOf(progress);
  const cut = (line: string): string => fit(line, width);
  return [
    ink.strong(cut(head)) + (stringWidth(head + times) + 2 <= width ? blank + ink.faint(times) : ''),
    ...(scores === '' ? [] : [ink.faint(cut(`  ${scores}`))]),
    ...stageLines(progress).map(cut),
    ...failing(progress).map((stage) => ink.doubtful(cut(failureLine(stage)))),
    ...outageLines(progress).map((line) => ink.doubtful(cut(line))),
    ...peopleLines(progress).map((line) => ink.strong(cut(line))),
    ...queueLine(progress).map((line) => ink.faint(cut(line))),
  ];
}

/** The same on one line, for logs. */
export function renderProgressLine(progress: RunProgress): string {
  const stages = running(progress).map((stage) => {
    const where = whereOf(stage, progress);
    const title = `${titleOf(stage)}${where === '' ? '' : ` (${where})`}`;
    return [title, ...metricsOf(stage)].join(', ');
  });
  const failures = failing(progress).map((stage) => failureLine(stage).trim());
  const waits = [...outageLines(progress), ...peopleLines(progress)].map((line) => line.trim());
  return [`[${timesOf(progress)}] ${headOf(progress)}`, ...stages, ...failures, ...waits].join('; ');
}
