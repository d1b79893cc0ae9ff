import { join } from 'node:path';
import { packageRoot } from '../host/package-files';
import { taskQueues, type TaskQueue } from '../contracts/stage';
import type { TemporalPlace } from '../app/run/temporal';
import { createWorkerProcesses, type WorkerProcesses, type WorkerProcessesOptions } from '../app/run/worker-processes';

export interface RunWorkersOptions extends Pick<WorkerProcessesOptions, 'onNotice' | 'onGiveUp'> {
  /** BUDGETLINE_HOME. */
  readonly home: string;
  /** A file whose tasks the workers must know; null where those of the package do. */
  readonly tasksFile: string | null;
}

/** One worker process a queue, on the server of a run; their logs lie in the home's logs/. */
export function createRunWorkers(place: TemporalPlace, options: RunWorkersOptions): WorkerProcesses {
  const { home, tasksFile, ...rest } = options;
  const executable = join(packageRoot, 'dist', 'cli', 'main.js');
  const tasks = tasksFile === null ? [] : ['--tasks', tasksFile];
  return createWorkerProcesses({
    ...rest,
    queues: Object.keys(taskQueues) as TaskQueue[],
    commandFor: (queue) => [process.execPath, executable, 'worker', '--queue', queue, ...tasks],
    env: { ...place.env, BUDGETLINE_HOME: home },
    logDir: join(home, 'logs'),
  });
}
