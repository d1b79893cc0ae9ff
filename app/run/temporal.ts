import type { connect as connectClient } from '../../client';
import { BudgetlineError } from '../../contracts/failures';
import type { EmbeddedServer } from '../../workers';
import { formatDuration } from '../../cli/print/numbers';

type Client = Awaited<ReturnType<typeof connectClient>>;

/** A Temporal server that this command works with. */
export interface TemporalPlace {
  readonly client: Client;
  /** An environment that configures this server, for workers. */
  readonly env: NodeJS.ProcessEnv;
  /** Where it comes from, in a sentence. */
  readonly origin: string;
  /** Fetching or building the program; 0 where it was there. */
  readonly acquisitionMs: number;
  /** "http://localhost:8233", where it is known. */
  readonly uiUrl: string | null;
  /** The server of this BUDGETLINE_HOME, which goes on running. */
  readonly embedded: EmbeddedServer | null;
}

export interface TemporalOptions {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (text: string) => void;
}

type Acquired = EmbeddedServer['acquired'];

const origins: Record<NonNullable<Acquired>['how'], string> = {
  path: 'found on PATH',
  cache: 'found in the cache folder',
  download: 'downloaded',
  'go-build': 'built with Go',
};

/** Waiting for another process that fetches is acquisition too; looking at a few paths is not. */
const noticeableMs = 5_000;

function acquisitionOf(acquired: Acquired): number {
  if (acquired === null) return 0;
  const { how, acquisitionMs } = acquired;
  const fetched = how === 'download' || how === 'go-build';
  return fetched || acquisitionMs > noticeableMs ? acquisitionMs : 0;
}

function describeServer({ address, serverVersion, started, program, acquired }: EmbeddedServer): string {
  const server = `Temporal server ${serverVersion} at ${address}`;
  const ms = acquisitionOf(acquired);
  const time = ms === 0 ? '' : ` in ${formatDuration(ms)}, not counted below`;
  const origin = acquired === null ? program : `${program}, ${origins[acquired.how]}${time}`;
  return started ? `${server}, started (${origin})` : `${server}, which was running already (${origin})`;
}

/**
 * The configured Temporal server; otherwise the one of this BUDGETLINE_HOME, started where it does not run.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE
 */
export async function findTemporal(options: TemporalOptions): Promise<TemporalPlace> {
  const { configuredAddress, connect } = await import('../../client/index.js');
  const configured = configuredAddress(options.env);
  if (configured !== undefined) {
    const { env } = options;
    const client = await connect({ env });
    const origin = `Temporal server at ${configured}, as configured`;
    return { client, env, origin, acquisitionMs: 0, uiUrl: null, embedded: null };
  }
  return startTemporal(options);
}

/**
 * The Temporal server of a BUDGETLINE_HOME, started where it does not run.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalPlace> {
  const { connect } = await import('../../client/index.js');
  const { ensureServer } = await import('../../workers/embedded-server/index.js');
  const embedded = await ensureServer(options);
  const { env, uiUrl, acquired } = embedded;
  const client = await connect({ env });
  const acquisitionMs = acquisitionOf(acquired);
  return { client, env, origin: describeServer(embedded), acquisitionMs, uiUrl, embedded };
}

/**
 * An environment that configures the server that commands talk to: the configured one, else the one of the home that runs.
 *
 * @throws BudgetlineError TEMPORAL_MISSING
 */
export async function findEnvironment(home: string, env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const { configuredAddress, embeddedEnvironment } = await import('../../client/index.js');
  if (configuredAddress(env) !== undefined) return env;
  const { findRunning } = await import('../../workers/embedded-server/index.js');
  const running = await findRunning(home);
  if (running !== undefined) return embeddedEnvironment(env, running.address);
  throw new BudgetlineError(
    'TEMPORAL_MISSING',
    `No Temporal server is configured, and none of ${home} runs.`,
    { remedy: 'Start one with: budgetline server start' },
  );
}

/** A client of the server that is configured or runs already: for commands about runs that exist. */
export async function attachTemporal(home: string, env: NodeJS.ProcessEnv): Promise<Client> {
  const { connect } = await import('../../client/index.js');
  return connect({ env: await findEnvironment(home, env) });
}
