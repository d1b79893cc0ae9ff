import { z } from 'zod';
import type { ResolvedExperiment } from '../../contracts/resolved';
import type { CellIdentity } from '../../contracts/results';
import { planCell } from '../../planning';
import type { ReadHistory } from '../run-records';

/** A cell that did not end with a score: how, and why as far as its history says. */
export interface LostCell {
  readonly cell: CellIdentity;
  readonly how: 'failed' | 'cancelled';
  readonly reason: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

const cellInput = z.looseObject({
  resolved: z.looseObject({}),
  parent: z.looseObject({ cellId: z.string(), axes: z.record(z.string(), z.string()).optional() }),
});

const lostEnding = /_(FAILED|TIMED_OUT|TERMINATED|CANCELED)$/;

function identify(input: unknown): CellIdentity | undefined {
  const { data } = cellInput.safeParse(input);
  if (data === undefined) return undefined;
  const { cellId: id, axes } = data.parent;
  return planCell(data.resolved as unknown as ResolvedExperiment, { id, ...(axes && { axes }) }).cell;
}

function lostIn({ history }: ReadHistory): LostCell[] {
  const { input, startedAt, lastAt: endedAt, activities, lastEvent } = history;
  const cell = lostEnding.test(lastEvent) ? identify(input) : undefined;
  if (cell === undefined) return [];
  const how = lastEvent.endsWith('_CANCELED') ? 'cancelled' : 'failed';
  const { code, message } = activities.findLast(({ failure }) => failure !== null)?.failure ?? {};
  const reason = how === 'cancelled' || code === undefined ? how : `${code}: ${message ?? ''}`;
  return [{ cell, how, reason, startedAt, endedAt }];
}

/** Cells of a sweep that ended without a score, and that no later run finished. */
export function lostCells(histories: readonly ReadHistory[]): LostCell[] {
  const last = new Map(histories.map((read) => [read.record.workflowId, read]));
  return [...last.values()].flatMap(lostIn);
}
