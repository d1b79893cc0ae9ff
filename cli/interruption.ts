/** Signals that ask a command to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const names: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Thrown when the user stops a command. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor(readonly stopSignal: StopSignal) {
    super(`stopped by ${stopSignal}`);
  }
}

export interface Interruption {
  /** Aborted by the first signal; the reason is an `Interrupted`. */
  readonly signal: AbortSignal;
  /** The result, unless a signal comes first. */
  unlessInterrupted<T>(work: Promise<T>): Promise<T>;
}

export interface InterruptionHandlers {
  readonly onFirst: (name: StopSignal) => void;
  /** Must end the process. */
  readonly onSecond: (name: StopSignal) => void;
}

/** Listens for SIGINT (Ctrl-C), SIGTERM and SIGHUP: the first asks to stop, the second forces it. */
export function listenForInterruption({ onFirst, onSecond }: InterruptionHandlers): Interruption {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (name: StopSignal): void => {
    if (signal.aborted) {
      onSecond(name);
      return;
    }
    onFirst(name);
    controller.abort(new Interrupted(name));
  };
  for (const name of names) process.on(name, () => stop(name));
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Interrupted));
  });
  interrupted.catch(() => undefined);
  return { signal, unlessInterrupted: (work) => Promise.race([work, interrupted]) };
}
