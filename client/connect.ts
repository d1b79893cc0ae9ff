import type { Client } from '@temporalio/client';
import { readConfiguration } from '../connection';
import { BudgetlineError } from '../core/failures';

export interface ConnectOptions {
  /** "host:port" instead of the configured address; namespace, TLS and API key stay as configured. */
  readonly address?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const connectTimeoutMs = 5_000;

function unreachable(address: string, cause: unknown): BudgetlineError {
  return new BudgetlineError('TEMPORAL_MISSING', `No Temporal server answers at ${address}.`, {
    remedy: `Start the server at ${address}, or unset TEMPORAL_ADDRESS so that one is started here.`,
    details: { address },
    cause,
  });
}

/**
 * Connects by Temporal's own configuration: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TLS,
 * profiles. Adds the payload codec if the environment has its keys.
 *
 * @throws BudgetlineError TEMPORAL_MISSING if no server answers, CONNECTION_INVALID
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const { env = process.env } = options;
  const configuration = readConfiguration({ env, address: options.address });
  const { address, namespace, dataConverter } = configuration;
  // Loaded on demand: definition files that import the package do not need it.
  const temporal = await import('@temporalio/client');
  try {
    const connection = await temporal.Connection.connect({
      ...configuration.options,
      address,
      connectTimeout: connectTimeoutMs,
    });
    return new temporal.Client({ connection, namespace, dataConverter });
  } catch (cause) {
    throw unreachable(address, cause);
  }
}
