import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudgetlineError } from '../../core/failures';
import { attempt } from '../io/files';
import { tryLock, type Unlock } from './process-lock';

/**
 * Locks a work folder for this process. Takes over the lock of a dead process; waits a while for a living one, which may be
 * writing its last checkpoint.
 * @returns a function that releases the lock.
 * @throws IO_FAILED naming the process that holds the folder.
 */
export async function lockWorkFolder(folder: string, waitMs = 5000): Promise<Unlock> {
  const path = join(folder, 'locks');
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const taken = attempt(path, 'write', () => tryLock(path));
    if (typeof taken === 'function') return taken;
    if (performance.now() > deadlineMs)
      throw new BudgetlineError('IO_FAILED', `Process ${taken.pid} is working in ${folder}.`, {
        remedy: 'Wait until it has ended, or stop it.',
        details: { path, pid: taken.pid },
      });
    await sleep(100);
  }
}
