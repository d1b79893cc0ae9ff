import type { RunStatus } from '../../client';
import { describeLabels, labelQuality } from '../../analysis';
import { type AuditTotals, describeTotals } from '../../contracts/run-timeline';
import { foundScores } from '../../contracts/auxiliary';
import { gatherLabels, type GatheredLabels } from '../../contracts/labels';
import type {
  AuxiliaryScore,
  CellProgress,
  ExperimentProgress,
  FailureReason,
  PartProgress,
  SweepProgress,
} from '../../contracts/results';
import { paidUsd, type PlannedStage, type StageResult } from '../../contracts/stage';
import { remedyOf } from '../../core/failures';
import type { Ink } from './ink';
import { formatBudget, formatCount, formatEstimate, formatFraction, formatScore, formatUsd } from './numbers';
import { renderTable } from './table';
import { countOf, wrap } from './text';

const stateWords: Readonly<Record<string, string>> = {
  RUNNING: 'is running',
  COMPLETED: 'has completed',
  FAILED: 'failed',
  CANCELLED: 'was cancelled; start it again to continue from the finished stages',
  TERMINATED: 'was terminated; start it again to continue from the finished stages',
  TIMED_OUT: 'timed out',
};

function pauseOf(paused: SweepProgress['paused']): string {
  if (paused === null) return '';
  return paused === 'drain' ? ', paused (running stages finish)' : ', paused (stages released their devices)';
}

function headOf({ workflowId, kind, type, state, progress }: RunStatus): string {
  const name = kind === 'workflow' ? `${workflowId} (${type})` : workflowId;
  const paused =
    progress === null ? null : progress.of === 'sweep' ? progress.sweep.paused : progress.experiment.paused;
  return `${name} ${stateWords[state] ?? state.toLowerCase()}${state === 'RUNNING' ? pauseOf(paused) : ''}.`;
}

/** Names of cell states, in the order in which they are printed. */
const cellStates: Readonly<Record<CellProgress['state'], string>> = {
  done: 'done',
  running: 'running',
  waiting: 'waiting',
  failed: 'failed',
  skipped: 'skipped',
};

/** "failed (DATA_INVALID)". */
const stateOf = ({ state, code }: CellProgress): string =>
  code === undefined ? cellStates[state] : `${cellStates[state]} (${code})`;

function countStates(cells: readonly Pick<CellProgress, 'state'>[]): string {
  const counts = Object.entries(cellStates).map(
    ([name, word]) => [word, cells.filter(({ state }) => state === name).length] as const,
  );
  return counts.flatMap(([word, count]) => (count === 0 ? [] : [`${formatCount(count)} ${word}`])).join(', ');
}

function renderLabels(gathered: readonly GatheredLabels[], before: (of: string) => string): string[] {
  return labelQuality(gathered).flatMap((quality) =>
    wrap(describeLabels(quality), { first: before(quality.of) }),
  );
}

/** Sorted by axis values, budget, SFT share (largest first) and seed. */
function inTableOrder(cells: readonly CellProgress[]): CellProgress[] {
  const placeOf = ({ cell: { axes = {} } }: CellProgress): string => Object.values(axes).join('\n');
  const places = [...new Set(cells.map(placeOf))].sort();
  const ranks = new Map(places.map((place, rank) => [place, rank]));
  const keysOf = (progress: CellProgress): number[] => {
    const { budget, sftFraction, seed } = progress.cell;
    return [ranks.get(placeOf(progress)) ?? 0, budget, -sftFraction, seed];
  };
  const compare = (a: readonly number[], b: readonly number[]): number =>
    a.map((key, at) => key - (b[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
  return [...cells].sort((a, b) => compare(keysOf(a), keysOf(b)));
}

const describeParts = (name: string, parts: readonly PartProgress[]): string =>
  parts.length === 0 ? '' : ` ${name}: ${countStates(parts)}.`;

const scoreText = ({ score, scoreLow: low, scoreHigh: high }: Omit<AuxiliaryScore, 'name'>): string =>
  formatEstimate({ estimate: score, low, high });

/** Names of the auxiliary tasks with a score. */
function auxiliaryNames({ cells, baseAuxiliary = [] }: SweepProgress): string[] {
  return [
    ...new Set(
      [...baseAuxiliary, ...cells.flatMap(({ auxiliary = [] }) => auxiliary)].map(({ name }) => name),
    ),
  ];
}

/** With axes: the base model at the first combination of values; the report has the others. */
function describeBase({ baseScore, baseAuxiliary = [], cells }: SweepProgress): string {
  if (baseScore === null) return '';
  const others = baseAuxiliary.map(({ name, ...score }) => `, ${name} ${scoreText(score)}`);
  const where = cells.some(({ cell: { axes } }) => axes !== undefined) ? ' (first axis values)' : '';
  return ` Base model${where} ${formatScore(baseScore)}${others.join('')}.`;
}

function auxiliaryCell({ auxiliary = [] }: CellProgress, name: string): string {
  const found = auxiliary.find((one) => one.name === name);
  return found === undefined ? '' : scoreText(found);
}

const describeConcurrency = ({ phase, maxConcurrentCells }: SweepProgress): string =>
  phase === 'done' ? '' : `; at most ${formatCount(maxConcurrentCells)} at once`;

/** Empty without spending and without a limit. */
function renderSpent(spend: SweepProgress['spend']): string[] {
  if (spend === undefined) return [];
  const { usd, limitUsd } = spend;
  if (limitUsd === undefined && usd === 0) return [];
  const limit = limitUsd === undefined ? '' : ` of at most ${formatUsd(limitUsd)}`;
  return [`  Paid for annotation: ${formatUsd(usd)}${limit} (work that has ended).`];
}

function renderSweep(sweep: SweepProgress, ink: Ink): string[] {
  const { cells, controls, tests, labels = [], spend } = sweep;
  const warned = cells.some(({ warnings = 0 }) => warnings > 0);
  const others = auxiliaryNames(sweep);
  const rows = inTableOrder(cells).map((progress) => [
    { text: formatBudget(progress.cell.budget, progress.cell.budgetUnit ?? 'rows') },
    { text: formatFraction(progress.cell.sftFraction) },
    { text: String(progress.cell.seed) },
    { text: stateOf(progress) },
    { text: progress.score === undefined ? '' : formatScore(progress.score) },
    ...others.map((name) => ({ text: auxiliaryCell(progress, name) })),
    ...(warned ? [{ text: progress.warnings?.toString() ?? '', ink: ink.doubtful }] : []),
    { text: progress.cell.id, ink: ink.faint },
  ]);
  const columns = [
    { title: 'budget', right: true },
    { title: 'SFT share', right: true },
    { title: 'seed', right: true },
    { title: 'state' },
    { title: 'score', right: true },
    ...others.map((title) => ({ title })),
    ...(warned ? [{ title: 'warnings', right: true }] : []),
    { title: 'id' },
  ];
  const head = `${countOf(cells.length, 'cell')}: ${countStates(cells)}${describeConcurrency(sweep)}.${describeBase(sweep)}${describeParts('Controls', controls)}${describeParts('On test items', tests)}`;
  return [
    ...wrap(head, { first: '  ' }),
    ...renderLabels(labels, (of) => `  Labels of ${of}: `),
    ...renderSpent(spend),
    ...renderTable({ columns, rows, indent: '  ', head: ink.faint }),
  ];
}

/** Scores of an evaluation: the main task and the auxiliary tasks. */
function renderScores(stage: StageResult): string[] {
  if (stage.makes !== 'scores') return [];
  return foundScores(stage).map(
    ({ auxiliary, score: estimate, low, high }) =>
      `           ${auxiliary ?? 'score'} ${formatEstimate({ estimate, low, high })}`,
  );
}

function renderFinished(stage: StageResult, ink: Ink): string[] {
  const { title, cached, warnings = [] } = stage;
  const warningLines = warnings.flatMap(({ code, message }) =>
    wrap(`${code}: ${message}`, { first: '           ! ' }).map(ink.doubtful),
  );
  const labels = renderLabels(gatherLabels([stage]), () => '           ');
  return [
    `  done     ${title}${cached ? ' (from the store)' : ''}`,
    ...renderScores(stage),
    ...labels,
    ...warningLines,
  ];
}

/** "CODE: message", and what to do. */
function renderReason(reason: FailureReason, indent: string): string[] {
  const { code, message } = reason;
  const remedy = remedyOf(reason);
  return [
    ...wrap(`${code}: ${message}`, { first: indent }),
    ...(remedy === '' ? [] : wrap(`What to do: ${remedy}`, { first: indent })),
  ];
}

/** A stage that is being retried, with the reason of its last failure. */
function renderRunning(
  { key, title }: Pick<PlannedStage, 'key' | 'title'>,
  { pending }: RunStatus,
): string[] {
  const { state, lastFailure } = pending.find(({ stageKey }) => stageKey === key) ?? {};
  if (state !== 'retrying' || lastFailure === undefined) return [`  running  ${title}`];
  return [`  retried  ${title}`, ...renderReason(lastFailure, '           ')];
}

const noStages = ({ state, children }: RunStatus): string =>
  state !== 'RUNNING' || children.length > 0 ? '  No stages of its own.' : '  No stage was called yet.';

function renderExperiment(
  { finished, running, failed }: ExperimentProgress,
  status: RunStatus,
  ink: Ink,
): string[] {
  const usd = paidUsd(finished);
  return [
    ...(finished.length + running.length + failed.length === 0 ? [noStages(status)] : []),
    ...finished.flatMap((stage) => renderFinished(stage, ink)),
    ...(usd === 0 ? [] : [`  Paid for annotation: ${formatUsd(usd)} (finished stages).`]),
    ...running.flatMap((stage) => renderRunning(stage, status)),
    ...failed.flatMap((stage) => [
      `  ${ink.bad('failed')}   ${stage.title}`,
      ...renderReason(stage, '           '),
    ]),
    ...status.children.map(({ workflowId, type }) => `  started  ${workflowId} (${type})`),
  ];
}

/** State of a run, for people. */
export function renderStatus(status: RunStatus & { readonly totals?: AuditTotals }, ink: Ink): string[] {
  const { progress, totals } = status;
  const body =
    progress === null
      ? ['  Progress unknown: no worker answers.']
      : progress.of === 'sweep'
        ? renderSweep(progress.sweep, ink)
        : renderExperiment(progress.experiment, status, ink);
  const work = totals === undefined ? [] : wrap(`Work: ${describeTotals(totals)}.`, { first: '  ' });
  const failure = status.failure === null ? [] : renderReason(status.failure, '  ').map(ink.bad);
  return [...wrap(headOf(status)).map(ink.strong), ...failure, ...work, ...body];
}
