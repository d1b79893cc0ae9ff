import { truncateSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../contracts/task';
import { randomInteger } from '../../tasks/random';
import { awaitProcessEnd, identifyProcess } from '../../store';
import type { SmallDisk } from './disk';
import { listCheckpoints, readEvents, eventsOf, type Target } from './targets';
import type { World } from './world';

export const faultKinds = [
  'trainer-killed',
  'trainer-stopped',
  'worker-killed',
  'worker-killed-trainer-stopped',
  'workflow-worker-killed',
  'server-killed',
  'connection-dropped',
  'checkpoint-cut',
  'disk-full',
  'out-of-memory',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** The environment of faults. */
export interface Stage {
  readonly world: World;
  readonly random: Random;
  readonly disk: SmallDisk | undefined;
  /** Whether a stage waits for its next attempt after it failed with this code. */
  readonly failedWith: (code: string) => Promise<boolean>;
  /** Whether this stage's model is compared within a tolerance and not sampled from. */
  readonly mayChangePlan: (key: string) => boolean;
}

export interface FaultRule {
  /** Whether the fault makes sense in the state of this trainer. */
  readonly fits: (target: Target, stage: Stage) => boolean;
  /** Makes the fault; true if it hit running work. */
  readonly hit: (target: Target, stage: Stage) => Promise<boolean>;
}

const trains = ({ command }: Target): boolean => command === 'sft' || command === 'preference';
const generates = ({ command }: Target): boolean => command === 'generate';
const worthLosing = (target: Target): boolean => target.saved && (trains(target) || generates(target));
const anywhere = (): boolean => true;

const endLimitMs = 60_000;

/** Whether a trainer is gone without having reported its result. */
async function endedWithout(target: Target): Promise<boolean> {
  const living = await identifyProcess(target.pid);
  if (living !== undefined && !(await awaitProcessEnd(living, endLimitMs)))
    throw new Error(`trainer ${target.pid} is still there after ${endLimitMs / 1000} s`);
  return !eventsOf(readEvents(target.runDir), target.pid).some(({ event }) => event === 'result');
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

async function kill(target: Target, name: NodeJS.Signals): Promise<boolean> {
  return signal(target.pid, name) && endedWithout(target);
}

/** Waits for a sign that the fault had its effect. */
async function until(holds: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline;) {
    if (await holds()) return true;
    await sleep(100);
  }
  return false;
}

/** Halves the newest checkpoint of a training that has an older one, and kills it before it can write another. */
async function cutCheckpoint(target: Target): Promise<boolean> {
  if (!signal(target.pid, 'SIGSTOP')) return false;
  const [newest] = listCheckpoints(target).slice(-1);
  if (newest !== undefined) truncateSync(newest, Math.floor(statSync(newest).size / 2));
  return kill(target, 'SIGKILL');
}

async function fillDisk(_: Target, { disk, failedWith }: Stage): Promise<boolean> {
  disk?.fill();
  try {
    return await until(() => failedWith('DISK_FULL'), 30_000);
  } finally {
    disk?.clear();
  }
}

async function reportOutOfMemory(target: Target): Promise<boolean> {
  if (!signal(target.pid, 'SIGUSR2')) return false;
  await endedWithout(target);
  const said = eventsOf(readEvents(target.runDir), target.pid);
  return said.some((event) => event.event === 'error' && event.code === 'DEVICE_OUT_OF_MEMORY');
}

export const faultRules: Readonly<Record<FaultKind, FaultRule>> = {
  'trainer-killed': { fits: worthLosing, hit: (target) => kill(target, 'SIGKILL') },
  // Its supervisor must notice and kill it.
  'trainer-stopped': { fits: worthLosing, hit: (target) => kill(target, 'SIGSTOP') },
  'worker-killed': {
    fits: worthLosing,
    hit: async (target, { world }) => (await world.killWorker(target.parentPid)) && endedWithout(target),
  },
  // It cannot see that its worker is gone; the next worker must kill it.
  'worker-killed-trainer-stopped': {
    fits: worthLosing,
    hit: async (target, { world }) => signal(target.pid, 'SIGSTOP') && world.killWorker(target.parentPid),
  },
  'workflow-worker-killed': { fits: anywhere, hit: (_, { world }) => world.killWorker('cpu') },
  'server-killed': {
    fits: anywhere,
    async hit(_, { world, random }) {
      await world.killServer(randomInteger(random, 0, 3_000));
      return true;
    },
  },
  'connection-dropped': {
    fits: anywhere,
    async hit(_, { world, random }) {
      await world.proxy.cut(randomInteger(random, 200, 7_000));
      return true;
    },
  },
  'checkpoint-cut': {
    fits: (target) => target.saved && trains(target) && listCheckpoints(target).length >= 2,
    hit: cutCheckpoint,
  },
  'disk-full': { fits: (target, { disk }) => disk !== undefined && trains(target), hit: fillDisk },
  'out-of-memory': {
    fits: (target, { mayChangePlan }) =>
      target.saved && trains(target) && (target.rows ?? 8) > 1 && mayChangePlan(target.id),
    hit: reportOutOfMemory,
  },
};
