import type { NativeConnection } from '@temporalio/worker';
import { type ConfigurationOptions, readConfiguration } from '../connection';
import { BudgetlineError } from '../core/failures';

export interface WorkerConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

/**
 * A worker's connection, by Temporal's own configuration (TEMPORAL_ADDRESS, profiles, TLS, API key).
 * `address` replaces only the configured address.
 *
 * @throws BudgetlineError TEMPORAL_MISSING if no server answers, CONNECTION_INVALID
 */
export async function connectWorker({
  env = process.env,
  address,
}: Partial<ConfigurationOptions> = {}): Promise<WorkerConnection> {
  const { address: target, namespace, options } = readConfiguration({ env, address });
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
