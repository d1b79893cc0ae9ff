import type { Client } from '@temporalio/client';
import { readConfiguration } from '../connection';
import { BudgetlineError } from '../contracts/failures';

export interface ConnectOptions {
  /** "host:port" in the place of the configured address; namespace, TLS and API key stay as configured. */
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
 * A client by Temporal's own configuration: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TLS, profiles; with the
 * payload codec where the environment has its keys.
 *
 * @throws BudgetlineError TEMPORAL_MISSING where nothing answers, CONNECTION_INVALID.
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const { env = process.env } = options;
  const configuration = readConfiguration({ env, address: options.address });
  const { address, namespace, dataConverter } = configuration;
  // Loaded when it is needed: a definition file that imports the package's face has no use for it.
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
