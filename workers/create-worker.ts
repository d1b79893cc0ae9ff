import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join, dirname } from 'node:path';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities';
import type { ActivityDeps } from '../activities';
import { readConfiguration } from '../connection';
import { BudgetlineError } from '../contracts/failures';
import { taskQueues } from '../contracts/stage';
import type { Task } from '../contracts/task';
import { createStore } from '../store';
import {
  codeGeneration,
  gradeSchoolMath,
  helpfulness,
  instructionFollowing,
  logicPuzzles,
  summarization,
} from '../tasks';

/** The tasks that every worker knows. */
export const builtInTasks: readonly Task[] = [
  gradeSchoolMath,
  instructionFollowing,
  summarization,
  helpfulness,
  codeGeneration,
  logicPuzzles,
];

export interface WorkerSettings {
  readonly connection: NativeConnection;
  /** "default" unless told. */
  readonly namespace?: string;
  /**
   * "cpu" runs Budgetline's workflows and buys demonstrations; "gpu" runs all that starts the training executable; any
   * other name runs the workflows of `workflowsPath`, whose stages go to those two.
   */
  readonly queue: string;
  /** BUDGETLINE_HOME: where the store lies. */
  readonly home: string;
  /** Tasks of one's own, beside those that come with the package. */
  readonly tasks?: readonly Task[];
  /** A file whose exports are workflows of one's own. */
  readonly workflowsPath?: string;
  /** Stages at once on the "gpu" queue; by `deviceSlots` unless told. */
  readonly slots?: number;
  readonly trainer?: NonNullable<ActivityDeps['trainer']>;
  readonly device?: NonNullable<ActivityDeps['device']>;
}

/** A worker that stops in good order: its trainers checkpoint, its stages go back to the queue. */
export interface StageWorker {
  /** Polls until it was stopped and everything it ran has ended. */
  run(): Promise<void>;
  stop(): void;
}

/** Where there is no GPU a device is a slot of so many threads: two one-thread trainers beat one with two. */
export function deviceSlots(threads: number, cores: number = availableParallelism()): number {
  return Math.max(1, Math.floor(cores / threads));
}

function findPackageFile(...parts: readonly string[]): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, ...parts);
    if (existsSync(path)) return path;
  }
  throw new BudgetlineError('INPUT_MISSING', `The package has no ${join(...parts)}.`, {
    remedy: 'Make it with "npm run build".',
  });
}

/** From SIGTERM to a trainer's end there is its own grace; the worker waits longer than that. */
const shutdown = { shutdownGraceTime: '20 seconds', shutdownForceTime: '40 seconds' } as const;

/** Temporal's own default cache is made for machines that do nothing else. */
export const workflowLimits = { maxCachedWorkflows: 100, maxConcurrentWorkflowTaskExecutions: 20 } as const;

function workflowPart({ queue, workflowsPath }: WorkerSettings): Partial<WorkerOptions> {
  if (workflowsPath !== undefined) return { ...workflowLimits, workflowsPath };
  const codePath = findPackageFile('dist', 'workflow-bundle.js');
  return queue === taskQueues.cpu ? { ...workflowLimits, workflowBundle: { codePath } } : {};
}

function activityPart(settings: WorkerSettings, stopping: AbortSignal): Partial<WorkerOptions> {
  const { queue, home, tasks = [], trainer, device } = settings;
  if (queue !== taskQueues.cpu && queue !== taskQueues.gpu) return {};
  const slots = settings.slots ?? (queue === taskQueues.gpu ? deviceSlots(1) : 20);
  return {
    activities: createActivities({
      store: createStore(home),
      // One of the user's stands before one of ours of the same name.
      tasks: [...tasks, ...builtInTasks],
      ...{ stopping, slots },
      ...(trainer === undefined ? {} : { trainer }),
      ...(device === undefined ? {} : { device }),
    }),
    maxConcurrentActivityTaskExecutions: slots,
    // A trainer hears of a cancellation with the next heartbeat that really goes out.
    maxHeartbeatThrottleInterval: '2 seconds',
  };
}

function assertUseful({ queue, workflowsPath }: WorkerSettings): void {
  const standard = queue === taskQueues.cpu || queue === taskQueues.gpu;
  if (standard === (workflowsPath === undefined)) return;
  throw new BudgetlineError(
    'USAGE',
    standard
      ? `Workflows of your own cannot share the queue "${queue}" with Budgetline's.`
      : `The queue "${queue}" has no worker code: it is neither "cpu" nor "gpu", and workflowsPath is not given.`,
    { remedy: 'Give your workflows a queue of their own: { queue: "my-workflows", workflowsPath }.' },
  );
}

/**
 * A worker for one queue. Call `run`, and `stop` on SIGTERM.
 *
 * @throws BudgetlineError USAGE, INPUT_MISSING (no workflow bundle)
 */
export async function createWorker(settings: WorkerSettings): Promise<StageWorker> {
  assertUseful(settings);
  const { connection, queue, namespace = 'default' } = settings;
  const stopping = new AbortController();
  // Loaded when it is needed: it brings a bundler and a native library.
  const { Worker } = await import('@temporalio/worker');
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: queue,
    identity: `${queue} ${process.pid}@${hostname()}`,
    // Of the environment, as every client's: a worker without the codec could not read what they send.
    dataConverter: readConfiguration({ env: process.env }).dataConverter,
    ...shutdown,
    ...workflowPart(settings),
    ...activityPart(settings, stopping.signal),
  });
  return {
    // One that was stopped before it ran has nothing to drain.
    run: () => (stopping.signal.aborted ? Promise.resolve() : worker.run()),
    stop() {
      stopping.abort();
      if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}
