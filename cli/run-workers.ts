import { join } from 'node:path';
import type { TemporalServer } from '../app/run/temporal';
import {
  createWorkerProcesses,
  type WorkerProcesses,
  type WorkerProcessesOptions,
} from '../app/run/worker-processes';
import { taskQueues, type TaskQueue } from '../contracts/stage';
import { packageRoot } from '../host/package-files';
import { exitStatusOf } from './exit-status';

export interface RunWorkersOptions extends Pick<WorkerProcessesOptions, 'onNotice' | 'onGiveUp'> {
  /** BUDGETLINE_HOME. */
  readonly home: string;
  /** A file with tasks that the workers must know; null if the built-in tasks are enough. */
  readonly tasksFile: string | null;
}

/** Starts one worker process per queue, on the server of a run. Their logs are in the home's logs/. */
export function startRunWorkers(server: TemporalServer, options: RunWorkersOptions): WorkerProcesses {
  const { home, tasksFile, ...rest } = options;
  const executable = join(packageRoot, 'dist', 'cli', 'main.js');
  const tasks = tasksFile === null ? [] : ['--tasks', tasksFile];
  const workers = createWorkerProcesses({
    ...rest,
    queues: Object.keys(taskQueues) as TaskQueue[],
    commandFor: (queue) => [process.execPath, executable, 'worker', '--queue', queue, ...tasks],
    env: { ...server.env, BUDGETLINE_HOME: home },
    noServerStatus: exitStatusOf('TEMPORAL_MISSING'),
    logDir: join(home, 'logs'),
  });
  workers.start();
  return workers;
}
