import { readStatus } from '../../client';
import { homeOf } from '../home';
import { renderStatus } from '../print/status';
import { printFound, type PrinterOptions } from '../printer';
import { attachTemporal } from '../temporal';

/** `budgetline status ID`: where a sweep, an experiment or a cell stands, or how it ended. */
export async function statusCommand(workflowId: string, options: PrinterOptions): Promise<void> {
  const home = homeOf(process.env, process.cwd());
  const client = await attachTemporal(home, process.env);
  printFound(await readStatus(client, workflowId, { home }), options, renderStatus);
}
