import { execFile } from 'node:child_process';
import { readFile, readlink, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  bootId,
  linuxStartTime,
  parsePsStart,
  psEnvironment,
  psStartWords,
  statFields,
} from '../host/process-start';

/** Identifies a process, also after its id is reused. */
export interface ProcessIdentity {
  readonly host: string;
  /** The PID namespace: a container's process ids mean nothing outside it. */
  readonly space: string;
  readonly pid: number;
  /** Start time in the system's own format; on Linux with the boot id. */
  readonly startTime: string;
}

const linux = process.platform === 'linux';
const run = promisify(execFile);

async function otherStartTime(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run('ps', psStartWords(pid), { env: psEnvironment });
    return parsePsStart(stdout);
  } catch {
    return null;
  }
}

async function pidSpace(): Promise<string> {
  return linux ? await readlink('/proc/self/ns/pid').catch(() => '') : '';
}

/** Start time of a process; undefined if no such process is running (a zombie is not). */
export async function processStartTime(pid: number): Promise<string | undefined> {
  return (linux ? linuxStartTime(pid) : await otherStartTime(pid)) ?? undefined;
}

async function otherParent(pid: number): Promise<number | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'ppid=', '-p', String(pid)], { env: psEnvironment });
    return Number(stdout.trim());
  } catch {
    return undefined;
  }
}

function linuxParent(pid: number): Promise<number | undefined> {
  const fields = statFields(pid);
  return Promise.resolve(fields === null ? undefined : Number(fields[1]));
}

/** The current parent of a process; undefined if no such process is running. */
export const parentOf: (pid: number) => Promise<number | undefined> = linux ? linuxParent : otherParent;

/** User and command line of a process. */
export interface ProcessCommand {
  readonly uid: number;
  readonly args: readonly string[];
}

async function otherCommand(pid: number): Promise<ProcessCommand | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'uid=,command=', '-p', String(pid)], { env: psEnvironment });
    const [uid, ...args] = stdout.trim().split(/\s+/);
    return { uid: Number(uid), args };
  } catch {
    return undefined;
  }
}

async function linuxCommand(pid: number): Promise<ProcessCommand | undefined> {
  try {
    const [{ uid }, line] = await Promise.all([
      stat(`/proc/${pid}`),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    return { uid, args: line.split('\0').slice(0, -1) };
  } catch {
    return undefined;
  }
}

/** Undefined if no such process is running. */
export const commandOf: (pid: number) => Promise<ProcessCommand | undefined> = linux
  ? linuxCommand
  : otherCommand;

/** The identity of a running process on this host; undefined if it has ended. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await processStartTime(pid);
  return startTime === undefined ? undefined : { host: hostname(), space: await pidSpace(), pid, startTime };
}

let own: Promise<ProcessIdentity> | undefined;

/** This process. */
export function identifyOwnProcess(): Promise<ProcessIdentity> {
  own ??= identifyProcess(process.pid).then(
    async (found) => found ?? { host: hostname(), space: await pidSpace(), pid: process.pid, startTime: '' },
  );
  return own;
}

/** Whether a process is running; undefined if that cannot be checked from here, e.g. on another host. */
export async function isProcessAlive(identity: ProcessIdentity): Promise<boolean | undefined> {
  if (identity.host !== hostname()) return undefined;
  if (linux && !identity.startTime.startsWith(`${bootId()}/`)) return false;
  if (identity.space !== (await pidSpace())) return undefined;
  return (await processStartTime(identity.pid)) === identity.startTime;
}

const pollMs = 25;

/** Waits until a process has ended; false if it is still running after `withinMs`. */
export async function awaitProcessEnd(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  while ((await isProcessAlive(identity)) === true) {
    if (performance.now() > deadlineMs) return false;
    await sleep(pollMs);
  }
  return true;
}

/** Sends a signal to a process or, with `group`, to its process group. False if there was none. */
export function signalProcess(pid: number, signal: NodeJS.Signals, group = false): boolean {
  try {
    return process.kill(group ? -pid : pid, signal);
  } catch {
    return false;
  }
}

/**
 * Ends a process on this host: SIGTERM, then SIGKILL after `graceMs`. Leaves a process alone that cannot be
 * checked.
 */
export async function endProcess(
  identity: ProcessIdentity,
  options: { readonly graceMs: number; readonly group?: boolean },
): Promise<void> {
  if ((await isProcessAlive(identity)) !== true) return;
  signalProcess(identity.pid, 'SIGTERM', options.group);
  if (await awaitProcessEnd(identity, options.graceMs)) return;
  signalProcess(identity.pid, 'SIGKILL', options.group);
  await awaitProcessEnd(identity, 5_000);
}
