import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { trainerCommands } from '../../schemas/trainer-job';
import { isOwnUser } from '../../host/own-files';
import { commandOf, endProcess, type ProcessIdentity } from '../../store';

async function isBelow(path: string, folder: string): Promise<boolean> {
  try {
    const [inner, outer] = await Promise.all([realpath(path), realpath(folder)]);
    return inner.startsWith(`${outer}${sep}`);
  } catch {
    return false;
  }
}

/** Whether a process is this user's and was started as "… COMMAND JOB.json" with a job below `folder`. */
async function isTrainerBelow(pid: number, folder: string): Promise<boolean> {
  const found = await commandOf(pid);
  if (found === undefined || !isOwnUser(found.uid)) return false;
  const [command = '', job = ''] = found.args.slice(-2);
  return (trainerCommands as readonly string[]).includes(command) && (await isBelow(job, folder));
}

/**
 * Ends and awaits a process that a file names, if it is a trainer of this user with a job below `folder`.
 * Process ids are reused, and files can be old, copied or forged, so other processes are left alone.
 */
export async function endOwnTrainer(
  named: ProcessIdentity,
  { folder, graceMs }: { readonly folder: string; readonly graceMs: number },
): Promise<void> {
  if (await isTrainerBelow(named.pid, folder)) await endProcess(named, { graceMs, group: true });
}
