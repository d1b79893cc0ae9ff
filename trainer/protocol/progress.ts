import type { EventOf } from '../../schemas/trainer-event';
import type { EventSink } from './events';
import { measureUsage } from './usage';

/** Shortest time between two events: half of the longest silence that the protocol allows. */
const intervalMs = 1000;

export interface ProgressOptions {
  readonly phase: string;
  readonly steps: number;
  /** Steps that earlier processes finished. */
  readonly from?: number;
}

/** Reports the progress of a phase: its first and last step, and between them at most once a second. */
export interface ProgressReporter {
  report(step: number, metrics?: { tokens?: number; loss?: number }): void;
}

export function createProgress(events: EventSink, options: ProgressOptions): ProgressReporter {
  const { phase, steps, from = 0 } = options;
  const startedMs = performance.now();
  let sentMs = -Infinity;
  let tokens = 0;
  return {
    report(step, metrics = {}) {
      tokens += metrics.tokens ?? 0;
      const nowMs = performance.now();
      if (nowMs - sentMs < intervalMs && step !== steps) return;
      sentMs = nowMs;
      const seconds = (nowMs - startedMs) / 1000;
      const event: EventOf<'progress'> = { event: 'progress', phase, step, steps, ...measureUsage() };
      if (metrics.loss !== undefined) event.loss = metrics.loss;
      if (step > from && seconds > 0) {
        event.tokensPerSecond = Math.round(tokens / seconds);
        event.secondsLeft = Math.round(((steps - step) * seconds * 10) / (step - from)) / 10;
      }
      events.emit(event);
    },
  };
}
