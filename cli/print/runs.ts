import type { ListedRun } from '../../client';
import type { Ink } from './ink';
import { formatFraction } from './numbers';
import { renderTable } from './table';
import { countOf, fit } from './text';

const minuteOf = (time: string): string => time.slice(0, 16).replace('T', ' ');

/** Runs as Temporal's index has them, newest first. */
export function renderRuns(runs: readonly ListedRun[], ink: Ink): string[] {
  if (runs.length === 0) return ['Temporal knows no such run.'];
  const rows = runs.map(({ workflowId, kind, task, budget, fraction, state, startedAt }) => [
    { text: workflowId },
    { text: budget === null ? kind : `cell of ${countOf(budget, 'row')}` },
    { text: fraction === null ? '' : formatFraction(fraction) },
    { text: fit(task ?? '', 22) },
    { text: state.toLowerCase(), ...(state === 'FAILED' ? { ink: ink.bad } : {}) },
    { text: minuteOf(startedAt), ink: ink.faint },
  ]);
  const columns = [
    ...[{ title: 'id' }, { title: 'what' }, { title: 'SFT', right: true }],
    ...[{ title: 'task' }, { title: 'state' }, { title: 'started (UTC)' }],
  ];
  return renderTable({ columns, rows, head: ink.faint });
}
