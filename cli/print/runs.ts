import type { ListedRun } from '../../client';
import type { Ink } from './ink';
import { formatFraction } from './numbers';
import { renderTable } from './table';
import { countOf, fit, joinList, wrap } from './text';

const minuteOf = (time: string): string => time.slice(0, 16).replace('T', ' ');

/** Names the payload keys that are needed to read encrypted runs. */
function keysMissing(runs: readonly ListedRun[]): string[] {
  const names = new Set(runs.flatMap(({ sealedWith }) => (sealedWith === null ? [] : [`"${sealedWith}"`])));
  if (names.size === 0) return [];
  const noun = names.size === 1 ? 'key' : 'keys';
  return wrap(`Encrypted runs need the payload ${noun} ${joinList([...names])}: missing here, or different.`);
}

/** Runs from Temporal's index, newest first. */
export function renderRuns(runs: readonly ListedRun[], ink: Ink): string[] {
  if (runs.length === 0) return ['No runs found.'];
  const rows = runs.map(({ workflowId, kind, task, budget, sftFraction, state, startedAt, sealedWith }) => [
    { text: workflowId },
    { text: budget === null ? kind : `cell of ${countOf(budget, 'row')}` },
    { text: sftFraction === null ? '' : formatFraction(sftFraction) },
    { text: fit(task ?? '', 22) },
    {
      text: sealedWith === null ? state.toLowerCase() : `${state.toLowerCase()}, encrypted`,
      ink: state === 'FAILED' ? ink.bad : undefined,
    },
    { text: minuteOf(startedAt), ink: ink.faint },
  ]);
  const columns = [
    ...[{ title: 'id' }, { title: 'kind' }, { title: 'SFT share', right: true }],
    ...[{ title: 'task' }, { title: 'state' }, { title: 'started (UTC)' }],
  ];
  return [...renderTable({ columns, rows, head: ink.faint }), ...keysMissing(runs)];
}
