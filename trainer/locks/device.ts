import { basename, delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudgetlineError } from '../../core/failures';
import { attempt } from '../io/files';
import { yielded, type StopSignal } from '../protocol/stop';
import { tryLock, type Holder, type Unlock } from './process-lock';

/** Lock folders of the devices that this process may use. */
function devicesOf(environment: NodeJS.ProcessEnv): string[] {
  return (environment['BUDGETLINE_DEVICE_LOCKS'] ?? '').split(delimiter).filter((path) => path !== '');
}

/** Locks the first free device, or returns the holder of the last one. */
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
  return new BudgetlineError('DEVICE_BUSY', `Process ${pid} is using ${names}.`, {
    details: { pid, devices: names },
  });
}

export interface DeviceLockOptions {
  readonly stop: StopSignal;
  readonly environment?: NodeJS.ProcessEnv;
  /** How long to wait if every device is in use: an older process may be writing its last checkpoint. */
  readonly waitMs?: number;
}

/**
 * Locks a device for the life of this process: the runtime frees its memory only at exit. Does nothing if the supervisor
 * named no devices.
 * @returns a function that releases the lock (for tests).
 * @throws DEVICE_BUSY naming the process that holds it; TRAINER_YIELDED on a request to stop.
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
