import type { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { BudgetlineError } from '../contracts/failures';

export interface ConnectOptions {
  /** "host:port"; otherwise from TEMPORAL_ADDRESS or the active profile of Temporal's own configuration. */
  readonly address?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const connectTimeoutMs = 5_000;

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The address that the environment or a profile names; undefined where neither does. */
export function configuredAddress(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const config = loadClientConnectConfig({ overrideEnvVars: definedOnly(env) });
  return config.connectionOptions.address;
}

function unreachable(address: string, cause: unknown): BudgetlineError {
  return new BudgetlineError('TEMPORAL_MISSING', `No Temporal server answers at ${address}.`, {
    remedy: `Start the server at ${address}, or unset TEMPORAL_ADDRESS so that one is started here.`,
    details: { address },
    cause,
  });
}

/**
 * A client by Temporal's own configuration: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TLS, profiles.
 *
 * @throws BudgetlineError TEMPORAL_MISSING where nothing answers.
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const config = loadClientConnectConfig({ overrideEnvVars: definedOnly(options.env ?? process.env) });
  const address = options.address ?? config.connectionOptions.address ?? '127.0.0.1:7233';
  // Loaded when it is needed: a definition file that imports the package's face has no use for it.
  const temporal = await import('@temporalio/client');
  try {
    const connection = await temporal.Connection.connect({
      ...(options.address === undefined ? config.connectionOptions : {}),
      address,
      connectTimeout: connectTimeoutMs,
    });
    return new temporal.Client({ connection, namespace: config.namespace ?? 'default' });
  } catch (cause) {
    throw unreachable(address, cause);
  }
}
