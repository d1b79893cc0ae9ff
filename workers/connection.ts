import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection } from '@temporalio/worker';
import { BudgetlineError } from '../contracts/failures';

export interface WorkerConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

/**
 * A worker's connection, by Temporal's own configuration (TEMPORAL_ADDRESS, profiles, TLS, API key) or to an address.
 *
 * @throws BudgetlineError TEMPORAL_MISSING where nothing answers
 */
export async function connectWorker(address?: string): Promise<WorkerConnection> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const target = address ?? connectionOptions.address ?? '127.0.0.1:7233';
  const options = address === undefined ? connectionOptions : {};
  const worker = await import('@temporalio/worker');
  try {
    return { connection: await worker.NativeConnection.connect({ ...options, address: target }), namespace };
  } catch (cause) {
    throw new BudgetlineError('TEMPORAL_MISSING', `No Temporal server answers at ${target}.`, {
      remedy: `Start the server at ${target}, or name another one with TEMPORAL_ADDRESS.`,
      details: { address: target },
      cause,
    });
  }
}
