import { z } from 'zod';
import type { ResolvedExperiment } from '../../contracts/resolved';
import type { CellIdentity } from '../../contracts/results';
import { identifyCell } from '../../planning';
import type { ReadHistory } from '../run-records';

/** A cell that ended without a score, with the reason from its history. */
export interface UnfinishedCell {
  readonly cell: CellIdentity;
  readonly state: 'failed' | 'cancelled';
  readonly reason: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

const cellInput = z.looseObject({
  resolved: z.looseObject({}),
  parent: z.looseObject({ cellId: z.string(), axes: z.record(z.string(), z.string()).optional() }),
});

const unfinishedEvent = /_(FAILED|TIMED_OUT|TERMINATED|CANCELED)$/;

function identify(input: unknown): CellIdentity | undefined {
  const { data } = cellInput.safeParse(input);
  if (data === undefined) return undefined;
  const { cellId: id, axes } = data.parent;
  return identifyCell(data.resolved as unknown as ResolvedExperiment, { id, axes });
}

function unfinishedIn({ history }: ReadHistory): UnfinishedCell[] {
  const { input, startedAt, lastAt: endedAt, activities, lastEvent } = history;
  const cell = unfinishedEvent.test(lastEvent) ? identify(input) : undefined;
  if (cell === undefined) return [];
  const state = lastEvent.endsWith('_CANCELED') ? 'cancelled' : 'failed';
  const { code, message } = activities.findLast(({ failure }) => failure !== null)?.failure ?? {};
  const reason = state === 'cancelled' || code === undefined ? state : `${code}: ${message ?? ''}`;
  return [{ cell, state, reason, startedAt, endedAt }];
}

/** Cells whose last run ended without a score. */
export function unfinishedCells(histories: readonly ReadHistory[]): UnfinishedCell[] {
  const last = new Map(histories.map((read) => [read.record.workflowId, read]));
  return [...last.values()].flatMap(unfinishedIn);
}
