import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { identifyProcess, isProcessAlive } from '../../store';
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

/** Running processes whose command line holds all of these arguments. */
export async function findProcesses(wanted: readonly string[]): Promise<ProcessIdentity[]> {
  const commands = process.platform === 'linux' ? listLinuxCommands() : listPsCommands();
  const matching = commands.filter(({ args }) => wanted.every((argument) => args.includes(argument)));
  const identities = await Promise.all(matching.map(({ pid }) => identifyProcess(pid)));
  return identities.flatMap((identity) => identity ?? []);
}

async function sendSignal(identity: ProcessIdentity, name: NodeJS.Signals): Promise<void> {
  if ((await isProcessAlive(identity)) !== true) return;
  try {
    process.kill(identity.pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}

async function awaitEnd(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  const deadline = Date.now() + graceMs;
  while ((await isProcessAlive(identity)) === true) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/** Ends a process: asks, waits for `graceMs`, then insists. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  await sendSignal(identity, 'SIGTERM');
  if (await awaitEnd(identity, graceMs)) return;
  await sendSignal(identity, 'SIGKILL');
  await awaitEnd(identity, 5_000);
}
