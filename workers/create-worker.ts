import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities';
import type { ActivityDeps } from '../activities';
import { readConfiguration } from '../connection';
import { BudgetlineError } from '../core/failures';
import type { PinnedMember } from '../core/members';
import { taskQueues } from '../contracts/stage';
import type { Task } from '../contracts/task';
import { ensureHome } from '../host/durable-files';
import { workflowBundlePath, noWorkflowBundle } from '../host/package-files';
import { workflowQueue } from '../planning';
import { createFolderStore, type Store } from '../store';
import {
  codeGeneration,
  gradeSchoolMath,
  helpfulness,
  instructionFollowing,
  logicPuzzles,
  summarization,
} from '../tasks';
import { bundleOwnWorkflows, bundleWorkflows, type WorkflowBundle } from './workflow-bundle';

/** The built-in tasks. */
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
  /** Default: "default". */
  readonly namespace?: string;
  /**
   * "cpu" runs Budgetline's workflows and buys demonstrations; "gpu" runs everything that starts the
   * training executable. Any other name runs the workflows of `workflowsPath`, whose stages go to those two
   * queues.
   */
  readonly queue: string;
  /** BUDGETLINE_HOME: the worker's scratch space, and the store by default. */
  readonly home: string;
  /** Default: the folder store in `home`. */
  readonly store?: Store;
  /** Custom tasks, in addition to the built-in ones. */
  readonly tasks?: readonly Task[];
  /**
   * Users' members of a definition, `membersOf(resolved)`: the "cpu" worker then also runs its workflows. Default: none.
   */
  readonly members?: readonly PinnedMember[];
  /** A file that exports workflows of yours. */
  readonly workflowsPath?: string;
  /** Stages at once on the "gpu" queue. Default: `deviceSlots`. */
  readonly slots?: number;
  readonly trainer?: NonNullable<ActivityDeps['trainer']>;
  readonly device?: NonNullable<ActivityDeps['device']>;
}

/** A worker with a graceful shutdown: trainers write checkpoints, and stages go back to the queue. */
export interface StageWorker {
  /** Polls until it is stopped and everything it runs has ended. */
  run(): Promise<void>;
  stop(): void;
}

/**
 * Without a GPU, a device is a CPU slot of `threads` threads: two trainers with one thread are faster than
 * one with two.
 */
export function deviceSlots(threads: number, cores: number = availableParallelism()): number {
  return Math.max(1, Math.floor(cores / threads));
}

/** Longer than a trainer's own grace time from SIGTERM to SIGKILL. */
const shutdown = { shutdownGraceTime: '20 seconds', shutdownForceTime: '40 seconds' } as const;

/** Temporal's default cache assumes a machine that does nothing else. */
export const workflowLimits = { maxCachedWorkflows: 100, maxConcurrentWorkflowTaskExecutions: 20 } as const;

/** Runs workflows with users' code. Their last activity stores the code that ran them. */
function withCode(
  { home, store = createFolderStore(home) }: WorkerSettings,
  workflowBundle: WorkflowBundle,
): Partial<WorkerOptions> {
  const all = createActivities({ store, home, tasks: [], workflowBundle });
  const activities = { finalizeExperiment: all.finalizeExperiment.bind(all) };
  return { ...workflowLimits, workflowBundle, activities };
}

async function workflowPart(settings: WorkerSettings): Promise<Partial<WorkerOptions>> {
  const { queue, workflowsPath } = settings;
  if (workflowsPath !== undefined) return withCode(settings, await bundleOwnWorkflows(workflowsPath));
  if (queue !== taskQueues.cpu) return {};
  if (!existsSync(workflowBundlePath)) throw noWorkflowBundle();
  return { ...workflowLimits, workflowBundle: { codePath: workflowBundlePath } };
}

function activityPart(settings: WorkerSettings, stopping: AbortSignal): Partial<WorkerOptions> {
  const { queue, home, store = createFolderStore(home), tasks = [], trainer, device } = settings;
  if (queue !== taskQueues.cpu && queue !== taskQueues.gpu) return {};
  const slots = settings.slots ?? (queue === taskQueues.gpu ? deviceSlots(1) : 20);
  return {
    activities: createActivities({
      store,
      home,
      // A user's task overrides a built-in one of the same name.
      tasks: [...tasks, ...builtInTasks],
      stopping,
      slots,
      trainer,
      device,
    }),
    maxConcurrentActivityTaskExecutions: slots,
    // A trainer learns of a cancellation with the next heartbeat that is really sent.
    maxHeartbeatThrottleInterval: '2 seconds',
  };
}

function assertQueue({ queue, workflowsPath }: WorkerSettings): void {
  const standard = queue === taskQueues.cpu || queue === taskQueues.gpu;
  if (standard === (workflowsPath === undefined)) return;
  throw new BudgetlineError(
    'USAGE',
    standard
      ? `Custom workflows cannot use the queue "${queue}", which is Budgetline's.`
      : `The queue "${queue}" has no worker code: it is neither "cpu" nor "gpu", and workflowsPath is not set.`,
    { remedy: 'Use another queue for custom workflows: { queue: "my-workflows", workflowsPath }.' },
  );
}

/** Polls the queue of workflows with users' members. */
async function memberPart(settings: WorkerSettings): Promise<(WorkerOptions & { taskQueue: string }) | null> {
  const { queue, members = [] } = settings;
  if (queue !== taskQueues.cpu || members.length === 0) return null;
  return { ...withCode(settings, await bundleWorkflows(members)), taskQueue: workflowQueue(members) };
}

/**
 * A worker for one queue. Call `run`, and `stop` on SIGTERM.
 *
 * @throws BudgetlineError USAGE, INPUT_MISSING (no workflow bundle), DEFINITION_INVALID (a workflow cannot load a
 * member), CODE_DIFFERS, STORE_UNWRITABLE
 */
export async function createWorker(settings: WorkerSettings): Promise<StageWorker> {
  assertQueue(settings);
  await ensureHome(settings.home);
  const { connection, queue, namespace = 'default' } = settings;
  const stopping = new AbortController();
  // Loaded on demand: it brings a bundler and a native library.
  const { Worker } = await import('@temporalio/worker');
  const common = {
    connection,
    namespace,
    identity: `${queue} ${process.pid}@${hostname()}`,
    // From the environment, as for clients: a worker without the codec could not read their payloads.
    dataConverter: readConfiguration({ env: process.env }).dataConverter,
    ...shutdown,
  };
  const ofMembers = await memberPart(settings);
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: queue,
      ...(await workflowPart(settings)),
      ...activityPart(settings, stopping.signal),
    }),
    ...(ofMembers === null ? [] : [await Worker.create({ ...common, ...ofMembers })]),
  ];
  return {
    // A worker that was stopped before it ran has nothing to drain.
    async run() {
      if (!stopping.signal.aborted) await Promise.all(workers.map((worker) => worker.run()));
    },
    stop() {
      stopping.abort();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}
