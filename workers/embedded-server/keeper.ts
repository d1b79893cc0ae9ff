/**
 * Ends the embedded server whose home was removed: it would run on with a database that no longer has a name. A process
 * of its own, since the server outlives the command that started it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, identifyProcess, isProcessAlive } from '../../store/process-identity';
import { hasLostDatabase } from './open-files';

const pollMs = 2_000;

async function keep(pid: number): Promise<void> {
  const server = await identifyProcess(pid);
  while (server !== undefined && (await isProcessAlive(server)) === true) {
    if (hasLostDatabase(pid)) await endProcess(server, { graceMs: 5_000 });
    await sleep(pollMs);
  }
}

void keep(Number(process.argv[2]));
