import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { isOwnUser } from '../../host/own-files';
import { commandOf, identifyProcess } from '../../store';
import type { ProcessIdentity } from '../../store';

function listLinuxCommands(): { pid: number; args: string[] }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      return [{ pid: Number(pid), args: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') }];
    } catch {
      return [];
    }
  });
}

function listPsCommands(): { pid: number; args: string[] }[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.map((line) => {
    const [pid = '', ...args] = line.trim().split(' ');
    return { pid: Number(pid), args };
  });
}

/** Every running process with its command line; empty for a zombie. */
export const listCommands = process.platform === 'linux' ? listLinuxCommands : listPsCommands;

async function isOwn(pid: number): Promise<boolean> {
  const found = await commandOf(pid);
  return found !== undefined && isOwnUser(found.uid);
}

/** Running processes of this user whose command line contains all of these arguments. */
export async function findProcesses(required: readonly string[]): Promise<ProcessIdentity[]> {
  const matching = listCommands().filter(({ args }) => required.every((argument) => args.includes(argument)));
  const identities = await Promise.all(
    matching.map(async ({ pid }) => ((await isOwn(pid)) ? await identifyProcess(pid) : undefined)),
  );
  return identities.flatMap((identity) => identity ?? []);
}
