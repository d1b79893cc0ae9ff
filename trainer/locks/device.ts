import { basename, delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudgetlineError } from '../../contracts/failures';
import { attempt } from '../io/files';
import { yielded, type StopSignal } from '../protocol/stop';
import { tryLock, type Holder, type Unlock } from './process-lock';

/** Devices that this process may use, any one of them: a lock each. */
function devicesOf(environment: NodeJS.ProcessEnv): string[] {
  return (environment['BUDGETLINE_DEVICE_LOCKS'] ?? '').split(delimiter).filter((path) => path !== '');
}

/** The first device that is free, or who holds the last one. */
function tryDevices(paths: readonly string[]): Unlock | Holder {
  let holder: Holder = { pid: 0, startTime: null, parentPid: 0 };
  for (const path of paths) {
    const taken = attempt(path, 'write', () => tryLock(path, { own: true }));
    if (typeof taken === 'function') return taken;
    holder = taken;
  }
  return holder;
}

function busy(paths: readonly string[], { pid }: Holder): BudgetlineError {
  const names = paths.map((path) => basename(path)).join(', ');
  return new BudgetlineError('DEVICE_BUSY', `Process ${pid} computes on ${names}.`, {
    details: { pid, devices: names },
  });
}

export interface DeviceLockOptions {
  readonly stop: StopSignal;
  readonly environment?: NodeJS.ProcessEnv;
  /** How long to wait where every device is held: an older process may be writing its last checkpoint. */
  readonly waitMs?: number;
}

/**
 * Makes this process the only one that computes on a device of this host, for as long as it lives: the runtime's memory
 * goes with the process, not before. Where the supervisor names no device there is nothing to hold.
 * @returns a function that gives the device back all the same.
 * @throws DEVICE_BUSY naming the process that holds it; TRAINER_YIELDED where it was asked to stop meanwhile.
 */
export async function lockDevice(options: DeviceLockOptions): Promise<Unlock> {
  const { stop, environment = process.env, waitMs = 5000 } = options;
  const paths = devicesOf(environment);
  if (paths.length === 0) return () => undefined;
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const taken = tryDevices(paths);
    if (typeof taken === 'function') return taken;
    const reason = await stop.poll();
    if (reason !== null) throw yielded(reason, 0);
    if (performance.now() > deadlineMs) throw busy(paths, taken);
    await sleep(50);
  }
}
