import { BudgetlineError } from '../../core/failures';
import { taskQueues, type TaskQueue } from '../../contracts/stage';
import { runWorkerProcess } from '../../workers';
import { homeOf } from '../../app/home';
import { loadTasks, loadWorkerCode, type WorkerCode } from '../../app/definition/load-definition';
import { findEnvironment } from '../../app/run/temporal';
import { membersIn } from '../run-workers';

export interface WorkerFlags {
  readonly queue: string;
  readonly address?: string;
  readonly slots?: number;
  /** Path of a file that exports `tasks`, or a sweep that names users' modules. */
  readonly tasks?: string;
}

function parseQueue(queue: string): TaskQueue {
  if (Object.hasOwn(taskQueues, queue)) return queue as TaskQueue;
  throw new BudgetlineError('USAGE', `--queue: there is no queue "${queue}".`, {
    remedy: `Use one of: ${Object.keys(taskQueues).join(', ')}.`,
  });
}

/** A run passes the members that it pinned. A worker that a person starts takes them from the file's definition. */
async function codeOf(tasks: string | undefined): Promise<Partial<WorkerCode>> {
  const members = membersIn(process.env);
  if (members === undefined) return tasks === undefined ? {} : loadWorkerCode(tasks);
  return { members, tasks: tasks === undefined ? [] : await loadTasks(tasks) };
}

/** `budgetline worker --queue cpu|gpu`: runs stages until it is stopped. Then its stages save checkpoints. */
export async function workerCommand(flags: WorkerFlags): Promise<void> {
  const { address, slots, tasks } = flags;
  const queue = parseQueue(flags.queue);
  const home = homeOf(process.env, process.cwd());
  const server = address === undefined ? { env: await findEnvironment(home, process.env) } : { address };
  const keepAlive = process.env['BUDGETLINE_KEEP_ALIVE'] === '1';
  await runWorkerProcess({
    queue,
    home,
    keepAlive,
    ...server,
    slots,
    ...(await codeOf(tasks)),
    onReady: () => process.stderr.write(`${new Date().toISOString()} the ${queue} worker polls\n`),
  });
}
