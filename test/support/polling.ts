import type { Client } from '@temporalio/client';
import { connect } from '../../client';
import { connectWorker, type StageWorker } from '../../workers';
import { testServer } from './temporal';

type Connection = Awaited<ReturnType<typeof connectWorker>>['connection'];

/** Runs `use` with workers on the test server and a client of it. */
export async function whilePolling<T>(
  create: (connection: Connection) => Promise<readonly StageWorker[]>,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { address } = await testServer();
  const { connection } = await connectWorker({ address });
  const workers = await create(connection);
  const ended = Promise.all(workers.map((worker) => worker.run()));
  const client = await connect({ address });
  try {
    return await use(client);
  } finally {
    for (const worker of workers) worker.stop();
    await ended;
    await Promise.all([connection.close(), client.connection.close()]);
  }
}
