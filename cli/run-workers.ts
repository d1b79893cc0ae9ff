import { join } from 'node:path';
import type { PlannedSweep } from '../app/plan/plan-sweep';
import type { TemporalServer } from '../app/run/temporal';
import {
  createWorkerProcesses,
  type WorkerProcesses,
  type WorkerProcessesOptions,
} from '../app/run/worker-processes';
import type { PinnedMember } from '../core/members';
import { taskQueues, type TaskQueue } from '../contracts/stage';
import { packageRoot } from '../host/package-files';
import { membersOf } from '../planning';
import { exitStatusOf } from './exit-status';

/** The members that a run pinned, as JSON. Workers do not load the definition: options or a function may have made it. */
const membersVariable = 'BUDGETLINE_MEMBERS';

/** The members that a run passes to its workers; undefined for a worker that a person started. */
export function membersIn(env: NodeJS.ProcessEnv): PinnedMember[] | undefined {
  const text = env[membersVariable];
  return text === undefined ? undefined : (JSON.parse(text) as PinnedMember[]);
}

export interface RunWorkersOptions extends Pick<WorkerProcessesOptions, 'onNotice' | 'onGiveUp'> {
  /** A file with tasks that the workers must know; null if the built-in tasks are enough. */
  readonly tasksFile: string | null;
}

/** Starts one worker process per queue, on the server of a run. Their logs are in the home's logs/. */
export function startRunWorkers(
  { home, resolved }: PlannedSweep,
  server: TemporalServer,
  options: RunWorkersOptions,
): WorkerProcesses {
  const { tasksFile, ...rest } = options;
  const executable = join(packageRoot, 'dist', 'cli', 'main.js');
  const tasks = tasksFile === null ? [] : ['--tasks', tasksFile];
  const workers = createWorkerProcesses({
    ...rest,
    queues: Object.keys(taskQueues) as TaskQueue[],
    commandFor: (queue) => [process.execPath, executable, 'worker', '--queue', queue, ...tasks],
    env: { ...server.env, BUDGETLINE_HOME: home, [membersVariable]: JSON.stringify(membersOf(resolved)) },
    noServerStatus: exitStatusOf('TEMPORAL_MISSING'),
    logDir: join(home, 'logs'),
  });
  workers.start();
  return workers;
}
