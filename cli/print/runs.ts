import type { ListedRun } from '../../client';
import type { Ink } from './ink';
import { formatFraction } from './numbers';
import { renderTable } from './table';
import { countOf, fit, joinList, wrap } from './text';

const minuteOf = (time: string): string => time.slice(0, 16).replace('T', ' ');

/** Which payload keys it takes to read the runs that are encrypted. */
function keysMissing(runs: readonly ListedRun[]): string[] {
  const names = new Set(runs.flatMap(({ sealedWith }) => (sealedWith === null ? [] : [`"${sealedWith}"`])));
  if (names.size === 0) return [];
  const [verb, noun] = names.size === 1 ? ['is', 'key'] : ['are', 'keys'];
  return wrap(
    `Encrypted runs need the payload ${noun} ${joinList([...names])}, which ${verb} not here or another one.`,
  );
}

/** Runs as Temporal's index has them, newest first. */
export function renderRuns(runs: readonly ListedRun[], ink: Ink): string[] {
  if (runs.length === 0) return ['Temporal knows no such run.'];
  const rows = runs.map(({ workflowId, kind, task, budget, fraction, state, startedAt, sealedWith }) => [
    { text: workflowId },
    { text: budget === null ? kind : `cell of ${countOf(budget, 'row')}` },
    { text: fraction === null ? '' : formatFraction(fraction) },
    { text: fit(task ?? '', 22) },
    {
      text: sealedWith === null ? state.toLowerCase() : `${state.toLowerCase()}, encrypted`,
      ...(state === 'FAILED' ? { ink: ink.bad } : {}),
    },
    { text: minuteOf(startedAt), ink: ink.faint },
  ]);
  const columns = [
    ...[{ title: 'id' }, { title: 'what' }, { title: 'SFT', right: true }],
    ...[{ title: 'task' }, { title: 'state' }, { title: 'started (UTC)' }],
  ];
  return [...renderTable({ columns, rows, head: ink.faint }), ...keysMissing(runs)];
}
