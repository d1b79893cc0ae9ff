import { setImmediate as nextTurn } from 'node:timers/promises';
import { BudgetlineError } from '../../core/failures';
import type { EventSink } from './events';

/** Requests to save a checkpoint and stop. */
export interface StopSignal {
  /** The reason of a request, or null. First lets the event loop handle signals and end of file, which a step blocks. */
  poll(): Promise<string | null>;
}

/**
 * Listens for SIGTERM and SIGINT, for a failed write of events and, with BUDGETLINE_KEEP_ALIVE=1, for the end of standard
 * input.
 */
export function listenForStop(events: EventSink, environment: NodeJS.ProcessEnv = process.env): StopSignal {
  let reason: string | null = null;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (reason ??= signal));
  if (environment['BUDGETLINE_KEEP_ALIVE'] === '1') {
    const ended = (): void => {
      reason ??= 'end of standard input';
    };
    process.stdin.on('end', ended).on('close', ended).on('error', ended).resume();
  }
  return {
    async poll() {
      // One turn for the poll phase to read, one for the deferred events of streams.
      await nextTurn();
      await nextTurn();
      return reason ?? (events.broken ? 'events cannot be written' : null);
    },
  };
}

/** The error of a job that stopped on request, its progress saved. */
export function yielded(reason: string, step: number): BudgetlineError {
  return new BudgetlineError(
    'TRAINER_YIELDED',
    `Stopped on ${reason} after step ${step}; the work so far is saved.`,
    { details: { reason, step } },
  );
}
