import { registerSearchAttributes } from '../../client';
import { homeOf } from '../../app/home';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { formatDuration } from '../print/numbers';
import { wrap } from '../print/text';
import { withClient } from '../../app/run/temporal';

const home = (): string => homeOf(process.env, process.cwd());

/** `budgetline server start`: starts this BUDGETLINE_HOME's server, or prints its address. */
export async function startServer(options: PrinterOptions): Promise<void> {
  const printer = createPrinter(options);
  const { ensureServer } = await import('../../workers/embedded-server/index.js');
  const onProgress = (text: string): void => printer.print([text]);
  const server = await ensureServer({ home: home(), env: process.env, onProgress });
  const { program, acquired } = server;
  const found = acquired === null ? '' : ` (${acquired.how}, ${formatDuration(acquired.acquisitionMs)})`;
  printer.print([
    `Temporal server ${server.serverVersion} ${server.started ? 'started' : 'is already running'}`,
    `  Address   ${server.address}`,
    `  UI        ${server.uiUrl}`,
    `  Process   ${server.pid}`,
    `  Database  ${server.databasePath}`,
    `  Program   ${program}${found}`,
  ]);
}

/** `budgetline server stop`: stops the server and keeps its database. */
export async function stopServer(options: PrinterOptions): Promise<void> {
  const { stopServers } = await import('../../workers/embedded-server/index.js');
  const stopped = await stopServers(home());
  const text = stopped.map((pid) => `Stopped the Temporal server, process ${pid}. Its database was kept.`);
  createPrinter(options).print(text.length > 0 ? text : [`No Temporal server of ${home()} is running.`]);
}

/** `budgetline server register`: registers missing search attributes with the configured or embedded server. */
export async function registerAttributes(options: PrinterOptions): Promise<void> {
  const { namespace, registered } = await withClient({}, async ({ connection, options: { namespace } }) => ({
    namespace,
    registered: await registerSearchAttributes(connection, namespace),
  }));
  const text =
    registered.length === 0
      ? `The namespace "${namespace}" already has every search attribute.`
      : `Registered in the namespace "${namespace}": ${registered.join(', ')}.`;
  if (options.json === true) printJson({ namespace, registered });
  else createPrinter(options).print(wrap(text));
}

/** `budgetline server status`: exit status 0 if a server is running, else 1. */
export async function serverStatus(options: PrinterOptions): Promise<number> {
  const { listServers } = await import('../../workers/embedded-server/index.js');
  const servers = await listServers(home());
  const printer = createPrinter(options);
  const lines = servers.map(({ serverVersion, state, address, uiUrl, pid }) => {
    const process = pid === undefined ? '' : `, process ${pid}`;
    return `Temporal server ${serverVersion}: ${state}, ${address}${process}, UI ${uiUrl}`;
  });
  printer.print(lines.length > 0 ? lines : [`No Temporal server has been started for ${home()}.`]);
  return servers.some(({ state }) => state === 'running') ? 0 : 1;
}
