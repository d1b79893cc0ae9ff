import { Worker } from 'node:worker_threads';
import type { EventTurn } from './events';

/** What the thread is given. */
interface Beat {
  readonly descriptor: number;
  /** See `EventTurn`. */
  readonly turn: Int32Array;
  readonly intervalMs: number;
}

/**
 * The thread's whole program. It is passed as text, since the executable is one file, so it may use nothing of this module.
 * A beat is left out while the main thread writes, after the last event, and while the pipe is full.
 */
function beatInThread(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the text of a function has no imports
  const { writeSync } = require('node:fs') as typeof import('node:fs');
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the same
  const { workerData } = require('node:worker_threads') as { readonly workerData: Beat };
  const { descriptor, turn, intervalMs } = workerData;
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    if (Atomics.compareExchange(turn, 0, 0, 1) !== 0) return;
    try {
      writeSync(descriptor, `${JSON.stringify({ event: 'heartbeat', cpuMs: (user + system) / 1000 })}\n`);
    } catch {
      // The main thread finds out by itself.
    } finally {
      Atomics.store(turn, 0, 0);
      Atomics.notify(turn, 0);
    }
  }, intervalMs);
}

/** Sends heartbeats from a thread of its own, also while a call of the runtime blocks this one. */
export function startHeartbeats(descriptor: number, turn: EventTurn, intervalMs = 1000): void {
  const data: Beat = { descriptor, turn: turn.cell, intervalMs };
  const thread = new Worker(`(${beatInThread.toString()})()`, { eval: true, workerData: data });
  // Without heartbeats the supervisor goes by the events alone.
  thread.on('error', () => undefined).unref();
}
