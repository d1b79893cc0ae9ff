import type { TrainerEvent } from '../../schemas/trainer-event';

export interface SilenceLimits {
  /** Longest silence while the trainer makes steps. */
  readonly stallMs: number;
  /** Extra time before the first step, while models are read and sessions created. */
  readonly openingMs: number;
}

/** A silence above its limit. */
export interface Silence {
  readonly silentMs: number;
  readonly limitMs: number;
}

/** Watches for a trainer that is alive but silent. */
export interface SilenceWatch {
  received(event: TrainerEvent): void;
  stop(): void;
}

const working: ReadonlySet<TrainerEvent['event']> = new Set(['progress', 'metric', 'checkpoint']);

/** Calls `onSilence` once, when no event arrived within the limit of the current phase. */
export function watchSilence(limits: SilenceLimits, onSilence: (silence: Silence) => void): SilenceWatch {
  let lastMs = performance.now();
  let limitMs = limits.openingMs + limits.stallMs;
  const timer = setInterval(
    () => {
      const silentMs = performance.now() - lastMs;
      if (silentMs <= limitMs) return;
      clearInterval(timer);
      onSilence({ silentMs, limitMs });
    },
    Math.min(1000, limits.stallMs / 4),
  );
  return {
    received({ event }) {
      lastMs = performance.now();
      if (working.has(event)) limitMs = limits.stallMs;
    },
    stop: () => clearInterval(timer),
  };
}
