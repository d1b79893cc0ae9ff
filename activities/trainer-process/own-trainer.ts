import { trainerCommands } from '../../schemas/trainer-job';
import { isBelow } from '../../host/is-below';
import { isOwnUser } from '../../host/own-files';
import { commandOf, endProcess, type ProcessIdentity } from '../../store';

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
