import type { EventOf } from '../../schemas/trainer-event';
import type { EventSink } from './events';
import { measureUsage } from './usage';

/** Longest silence while work runs, unless a single step takes longer. Half of what the protocol promises. */
const silenceMs = 1000;

export interface ProgressOptions {
  readonly phase: string;
  readonly steps: number;
  /** Steps that an earlier process did. */
  readonly from?: number;
}

/** Reports where a phase stands, at most once a second and always at its beginning and end. */
export interface ProgressReporter {
  report(step: number, figures?: { tokens?: number; loss?: number }): void;
}

export function createProgress(events: EventSink, options: ProgressOptions): ProgressReporter {
  const { phase, steps, from = 0 } = options;
  const startedMs = performance.now();
  let sentMs = -Infinity;
  let tokens = 0;
  return {
    report(step, figures = {}) {
      tokens += figures.tokens ?? 0;
      const nowMs = performance.now();
      if (nowMs - sentMs < silenceMs && step !== steps) return;
      sentMs = nowMs;
      const seconds = (nowMs - startedMs) / 1000;
      const event: EventOf<'progress'> = { event: 'progress', phase, step, steps, ...measureUsage() };
      if (figures.loss !== undefined) event.loss = figures.loss;
      if (step > from && seconds > 0) {
        event.tokensPerSecond = Math.round(tokens / seconds);
        event.secondsLeft = Math.round(((steps - step) * seconds * 10) / (step - from)) / 10;
      }
      events.emit(event);
    },
  };
}
