import { ensureServer, findRunning } from '../../workers/embedded-server';
import { configuredAddress, connect, embeddedEnvironment } from '../../client';
import type { Client, Connection } from '@temporalio/client';
import { BudgetlineError } from '../../core/failures';
import type { EmbeddedServer } from '../../workers';
import { type Location, placeOf } from '../location';

/** A Temporal server that runs are started on. */
export interface TemporalServer {
  readonly client: Client;
  /** An environment that configures this server, for workers. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds to download or build the server's program; 0 if it was there. */
  readonly acquisitionMs: number;
  /** "http://localhost:8233"; null if it is unknown. */
  readonly uiUrl: string | null;
  /** The server of this home, which keeps running; null for a configured one. */
  readonly embedded: EmbeddedServer | null;
  /** Closes the client, unless the user passed it. */
  close(): Promise<void>;
}

export interface TemporalOptions {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called with one line for people while the server's program is obtained. */
  readonly onProgress: (text: string) => void;
}

/** A wait for another process that downloads counts as acquisition; a search of a few paths does not. */
const noticeableMs = 5_000;

/** Milliseconds to download or build the server's program; 0 if it was there. */
export function acquisitionOf(acquired: EmbeddedServer['acquired']): number {
  if (acquired === null) return 0;
  const { how, acquisitionMs } = acquired;
  const fetched = how === 'download' || how === 'go-build';
  return fetched || acquisitionMs > noticeableMs ? acquisitionMs : 0;
}

const closing =
  ({ connection }: Client) =>
  (): Promise<void> =>
    connection.close();

/**
 * Connects to the configured Temporal server, otherwise to the one of this home, which is started if it is not running.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE
 */
export async function findTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { env } = options;
  if (configuredAddress(env) === undefined) return startTemporal(options);
  const client = await connect({ env });
  return { client, env, acquisitionMs: 0, uiUrl: null, embedded: null, close: closing(client) };
}

/**
 * Connects to the Temporal server of a home, which is started if it is not running.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const embedded = await ensureServer(options);
  const { env, uiUrl, acquired } = embedded;
  const client = await connect({ env });
  return { client, env, acquisitionMs: acquisitionOf(acquired), uiUrl, embedded, close: closing(client) };
}

/** The server of the user's client. Workers connect with the TLS settings and API key of this process's environment. */
export function temporalOf(client: Client): TemporalServer {
  const { options } = client.connection as Pick<Connection, 'options'> & Client['connection'];
  const { address } = options;
  const env = { ...process.env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: client.options.namespace };
  const close = (): Promise<void> => Promise.resolve();
  return { client, env, acquisitionMs: 0, uiUrl: null, embedded: null, close };
}

/**
 * The environment that configures the server for commands: the configured one, otherwise the running one of the home.
 *
 * @throws BudgetlineError TEMPORAL_MISSING
 */
export async function findEnvironment(home: string, env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  if (configuredAddress(env) !== undefined) return env;
  const running = await findRunning(home);
  if (running !== undefined) return embeddedEnvironment(env, running.address);
  throw new BudgetlineError(
    'TEMPORAL_MISSING',
    `No Temporal server is configured, and the one of ${home} is not running.`,
    { remedy: 'Start one with: budgetline server start' },
  );
}

/**
 * Calls `use` with a client of a running server.
 *
 * @throws BudgetlineError TEMPORAL_MISSING
 */
export async function withClient<T>(location: Location, use: (client: Client) => Promise<T>): Promise<T> {
  if (location.client !== undefined) return use(location.client);
  const { home } = placeOf(location);
  const client = await connect({ env: await findEnvironment(home, process.env) });
  return use(client).finally(() => client.connection.close());
}
