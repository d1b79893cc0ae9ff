import type { RunSummary } from '../../app/run/run-summary';
import type { Ink } from './ink';
import { formatFraction, formatUsd } from './numbers';
import { renderTable } from './table';
import { countOf, fit, joinList, wrap } from './text';

const minuteOf = (time: string): string => time.slice(0, 16).replace('T', ' ');

/** Names the payload keys that are needed to read encrypted runs. */
function keysMissing(runs: readonly RunSummary[]): string[] {
  const names = new Set(runs.flatMap(({ sealedWith }) => (sealedWith === null ? [] : [`"${sealedWith}"`])));
  if (names.size === 0) return [];
  const noun = names.size === 1 ? 'key' : 'keys';
  return wrap(`Encrypted runs need the payload ${noun} ${joinList([...names])}: missing here, or different.`);
}

/** A user's own workflow by the name of its function. */
function kindText({ kind, type, budget }: RunSummary): string {
  if (kind === 'workflow') return type;
  return budget === null ? kind : `cell of ${countOf(budget, 'row')}`;
}

/** "3 of 18 cells", "4 stages". */
function doneText({ done }: RunSummary): string {
  if (done === null) return '';
  const { count, planned, of } = done;
  return planned === null ? countOf(count, 'stage') : `${count} of ${planned} ${of}`;
}

/** Runs from Temporal's index, newest first. */
export function renderRuns(runs: readonly RunSummary[], ink: Ink): string[] {
  if (runs.length === 0) return ['No runs found.'];
  const rows = runs.map((run) => [
    { text: run.workflowId },
    { text: kindText(run) },
    { text: run.sftFraction === null ? '' : formatFraction(run.sftFraction) },
    { text: fit(run.task ?? '', 22) },
    {
      text: run.sealedWith === null ? run.state.toLowerCase() : `${run.state.toLowerCase()}, encrypted`,
      ink: run.state === 'FAILED' ? ink.bad : undefined,
    },
    { text: doneText(run) },
    { text: run.usd === null ? '' : formatUsd(run.usd) },
    { text: minuteOf(run.startedAt), ink: ink.faint },
  ]);
  const columns = [
    ...[{ title: 'id' }, { title: 'kind' }, { title: 'SFT share', right: true }, { title: 'task' }],
    ...[{ title: 'state' }, { title: 'done' }, { title: 'paid', right: true }, { title: 'started (UTC)' }],
  ];
  return [...renderTable({ columns, rows, head: ink.faint }), ...keysMissing(runs)];
}
