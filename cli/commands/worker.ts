import { configuredAddress } from '../../client';
import { BudgetlineError } from '../../contracts/failures';
import { taskQueues, type TaskQueue } from '../../contracts/stage';
import { listServers, runWorkerProcess } from '../../workers';
import { homeOf } from '../home';

export interface WorkerFlags {
  readonly queue: string;
  readonly address?: string;
  readonly slots?: number;
}

function parseQueue(queue: string): TaskQueue {
  if (queue in taskQueues) return queue as TaskQueue;
  throw new BudgetlineError('USAGE', `--queue: "${queue}" is no queue of the workers.`, {
    remedy: `Use one of: ${Object.keys(taskQueues).join(', ')}.`,
  });
}

/** The given or configured address; otherwise that of the server of this BUDGETLINE_HOME. */
async function findAddress(given: string | undefined, home: string): Promise<string | undefined> {
  if (given !== undefined) return given;
  if (configuredAddress(process.env) !== undefined) return undefined;
  const running = (await listServers(home)).find(({ state }) => state === 'running');
  if (running !== undefined) return running.address;
  throw new BudgetlineError(
    'TEMPORAL_MISSING',
    `No Temporal server is configured, and none of ${home} runs.`,
    {
      remedy: 'Start one with: budgetline server start',
    },
  );
}

/** `budgetline worker --queue cpu|gpu`: works until it is stopped, and then lets its stages write checkpoints. */
export async function workerCommand({ queue, address, slots }: WorkerFlags): Promise<void> {
  const home = homeOf(process.env, process.cwd());
  const server = await findAddress(address, home);
  const keepAlive = process.env['BUDGETLINE_KEEP_ALIVE'] === '1';
  await runWorkerProcess({
    queue: parseQueue(queue),
    home,
    keepAlive,
    ...(server === undefined ? {} : { address: server }),
    ...(slots === undefined ? {} : { slots }),
    onReady: () => process.stderr.write(`${new Date().toISOString()} the ${queue} worker polls\n`),
  });
}
