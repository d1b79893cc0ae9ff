import { setImmediate as nextTurn } from 'node:timers/promises';
import { BudgetlineError } from '../../contracts/failures';
import type { EventSink } from './events';

/** Whether the program was asked to checkpoint and stop. */
export interface StopSignal {
  /** Why it was asked, or null. Lets the event loop run once first: a step blocks it, signals and end of file wait. */
  poll(): Promise<string | null>;
}

/**
 * Listens for SIGTERM and SIGINT, for the end of standard input where the supervisor keeps it open
 * (BUDGETLINE_KEEP_ALIVE=1), and for events that nobody reads any more.
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
      // Two turns: one for the poll phase to read, one for the streams' own deferred events.
      await nextTurn();
      await nextTurn();
      return reason ?? (events.broken ? 'events cannot be written' : null);
    },
  };
}

/** Thrown where a job stops on request, with everything saved that a later start needs. */
export function yielded(reason: string, step: number): BudgetlineError {
  return new BudgetlineError(
    'TRAINER_YIELDED',
    `Stopped on ${reason} after step ${step}; the work so far is saved.`,
    {
      details: { reason, step },
    },
  );
}
