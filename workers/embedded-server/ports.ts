import { createServer } from 'node:net';
import { BudgetlineError } from '../../core/failures';

/** Listens for a moment. Returns the port, or undefined if it is taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' ? address?.port : undefined);
      });
    });
  });
}

/** A free port. */
export async function anyPort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined)
    throw new BudgetlineError('PORT_IN_USE', 'There is no free port on 127.0.0.1 for the Temporal server.');
  return port;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new BudgetlineError(
    'USAGE',
    `BUDGETLINE_TEMPORAL_PORT is "${text}", which is not a port between 1 and 65535.`,
    { remedy: 'Set BUDGETLINE_TEMPORAL_PORT to a free port, or unset it.' },
  );
}

export interface PortPreferences {
  /** BUDGETLINE_TEMPORAL_PORT; no other port is acceptable. */
  readonly required: string | undefined;
  /** The server's last port, where waiting clients and workers still look for it. */
  readonly previous: number | undefined;
}

async function firstFree(ports: readonly number[]): Promise<number> {
  for (const port of ports) if ((await tryPort(port)) !== undefined) return port;
  return anyPort();
}

async function choosePort({ required, previous }: PortPreferences): Promise<number> {
  if (required === undefined || required === '')
    return firstFree(previous === undefined ? [7233] : [previous, 7233]);
  const port = parsePort(required);
  if ((await tryPort(port)) !== undefined) return port;
  throw new BudgetlineError('PORT_IN_USE', `Another program uses port ${port} of BUDGETLINE_TEMPORAL_PORT.`, {
    details: { port },
  });
}

/**
 * Ports for a server and its UI: the required one, else the previous one, else Temporal's default, else a
 * free one.
 */
export async function choosePorts(preferences: PortPreferences): Promise<{ port: number; uiPort: number }> {
  const port = await choosePort(preferences);
  const usual = port + 1000 < 65_536 ? await tryPort(port + 1000) : undefined;
  return { port, uiPort: usual ?? (await anyPort()) };
}
