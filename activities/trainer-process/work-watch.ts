import type { TrainerEvent } from '../../schemas/trainer-event';

export interface WorkLimits {
  /** Longest time without a sign of work, once heartbeats come. */
  readonly stallMs: number;
  /** The same for an executable that sends no heartbeats: its calls are silent. */
  readonly silenceMs: number;
  /** Extra time before the first step, while models are read and sessions created. */
  readonly openingMs: number;
  /**
   * Longest time that an executable may compute without finishing a call.
   *
   * @param tokensPerSecond the last rate that it reported; undefined: none yet
   */
  callMs(tokensPerSecond: number | undefined): number;
}

/** A trainer that is alive and does not work. */
export interface Stall {
  /** "idle": no event, no CPU time, nothing that it waits for. "endless": it computes, and no call ends. */
  readonly kind: 'idle' | 'endless';
  readonly forMs: number;
  readonly limitMs: number;
}

/** Watches for a trainer that is alive and does not work. */
export interface WorkWatch {
  received(event: TrainerEvent): void;
  stop(): void;
}

/** A process uses less than this share of a core when it only sends heartbeats. */
const idleShare = 0.02;

const finishing: ReadonlySet<TrainerEvent['event']> = new Set(['progress', 'metric', 'checkpoint']);

/** Time without a sign of work, and without a finished call. */
class WorkClock {
  idleMs = 0;
  callMs = 0;
  beats = false;
  opening = true;
  tokensPerSecond: number | undefined;
  #beat: { readonly cpuMs: number; readonly atMs: number } | undefined;

  /** What passed while this process itself was busy or suspended counts as one interval. */
  tick(passedMs: number): void {
    this.idleMs += passedMs;
    this.callMs += passedMs;
  }

  receive(event: TrainerEvent, atMs: number): void {
    if (event.event === 'heartbeat') {
      if (event.waitingFor !== undefined) this.callMs = 0;
      if (event.waitingFor !== undefined || this.#computed(event.cpuMs, atMs)) this.idleMs = 0;
      return;
    }
    this.idleMs = 0;
    if (!finishing.has(event.event)) return;
    this.callMs = 0;
    this.opening = false;
    if (event.event === 'progress') this.tokensPerSecond = event.tokensPerSecond ?? this.tokensPerSecond;
  }

  /** Whether CPU time grew since the last heartbeat that is at least a moment older. */
  #computed(cpuMs: number, atMs: number): boolean {
    const last = this.#beat;
    this.beats = true;
    this.#beat = { cpuMs, atMs };
    return last !== undefined && cpuMs - last.cpuMs > idleShare * (atMs - last.atMs);
  }
}

function findStall(clock: WorkClock, limits: WorkLimits): Stall | undefined {
  const openingMs = clock.opening ? limits.openingMs : 0;
  const idleLimitMs = openingMs + (clock.beats ? limits.stallMs : limits.silenceMs);
  if (clock.idleMs > idleLimitMs) return { kind: 'idle', forMs: clock.idleMs, limitMs: idleLimitMs };
  const callLimitMs = openingMs + limits.callMs(clock.tokensPerSecond);
  if (clock.callMs > callLimitMs) return { kind: 'endless', forMs: clock.callMs, limitMs: callLimitMs };
  return undefined;
}

/** Calls `onStall` once, when a limit of the current phase is passed. */
export function watchWork(limits: WorkLimits, onStall: (stall: Stall) => void): WorkWatch {
  const clock = new WorkClock();
  const intervalMs = Math.min(1000, limits.stallMs / 4, limits.silenceMs / 4);
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    clock.tick(Math.min(nowMs - lastMs, 2 * intervalMs));
    lastMs = nowMs;
    const stall = findStall(clock, limits);
    if (stall === undefined) return;
    clearInterval(timer);
    onStall(stall);
  }, intervalMs);
  return {
    received: (event) => clock.receive(event, performance.now()),
    stop: () => clearInterval(timer),
  };
}
