import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** A process that cannot be mistaken for a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the form that this system tells it: ticks since boot (Linux) or a date (`ps`). */
  readonly startedAt: string;
}

/** Field 22 of /proc/PID/stat, counted behind the command's closing parenthesis; undefined for a zombie. */
function readLinuxStart(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function readPsStart(pid: number): string | undefined {
  const text = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return text === '' || text.startsWith('Z') ? undefined : text.slice(text.indexOf(' ')).trim();
}

/** When the process of this number started; undefined where there is none that still runs. */
export function readProcessStart(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? readLinuxStart(pid) : readPsStart(pid);
  } catch {
    return undefined;
  }
}

/** The identity of a process that runs now. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startedAt = readProcessStart(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return readProcessStart(identity.pid) === identity.startedAt;
}

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
export function findProcesses(wanted: readonly string[]): ProcessIdentity[] {
  const commands = process.platform === 'linux' ? listLinuxCommands() : listPsCommands();
  return commands
    .filter(({ args }) => wanted.every((argument) => args.includes(argument)))
    .flatMap(({ pid }) => identifyProcess(pid) ?? []);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}

async function awaitEnd(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  for (const deadline = Date.now() + graceMs; isAlive(identity);) {
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

/** Ends a process: asks, waits for `graceMs`, then insists. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  signal(identity, 'SIGTERM');
  if (await awaitEnd(identity, graceMs)) return;
  signal(identity, 'SIGKILL');
  await awaitEnd(identity, 5_000);
}
