import { createServer } from 'node:net';
import { BudgetlineError } from '../../contracts/failures';

/** Listens for a moment; the port that was given, or undefined where it is taken. */
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

/** A port that nobody listens on now. */
export async function anyPort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined)
    throw new BudgetlineError('PORT_IN_USE', 'No free port can be had on 127.0.0.1 for the Temporal server.');
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

export interface PortWishes {
  /** Of BUDGETLINE_TEMPORAL_PORT: no other will do. */
  readonly wanted: string | undefined;
  /** Where the server listened before: clients and workers that wait for it look for it there. */
  readonly before: number | undefined;
}

async function firstFree(ports: readonly number[]): Promise<number> {
  for (const port of ports) if ((await tryPort(port)) !== undefined) return port;
  return anyPort();
}

async function choosePort({ wanted, before }: PortWishes): Promise<number> {
  if (wanted === undefined || wanted === '') return firstFree(before === undefined ? [7233] : [before, 7233]);
  const port = parsePort(wanted);
  if ((await tryPort(port)) !== undefined) return port;
  throw new BudgetlineError(
    'PORT_IN_USE',
    `Port ${port} of BUDGETLINE_TEMPORAL_PORT is taken by another program.`,
    { details: { port } },
  );
}

/** Ports for a server and its UI: the one that is asked for, else those of before, else Temporal's usual ones, else any free ones. */
export async function choosePorts(wishes: PortWishes): Promise<{ port: number; uiPort: number }> {
  const port = await choosePort(wishes);
  const usual = port + 1000 < 65_536 ? await tryPort(port + 1000) : undefined;
  return { port, uiPort: usual ?? (await anyPort()) };
}
