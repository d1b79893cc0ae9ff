import { readStatus } from '../../client';
import { createStore } from '../../store';
import { homeOf } from '../../app/home';
import { renderStatus } from '../print/status';
import { printFound, type PrinterOptions } from '../printer';
import { readRunTotals } from '../../app/results/run-totals';
import { attachTemporal } from '../../app/run/temporal';

/** `budgetline status ID`: where a sweep, an experiment or a cell stands, or how it ended. */
export async function statusCommand(workflowId: string, options: PrinterOptions): Promise<void> {
  const home = homeOf(process.env, process.cwd());
  const client = await attachTemporal(home, process.env);
  const status = await readStatus(client, workflowId, { home });
  const totals = await readRunTotals(createStore(home), workflowId, status.runId);
  printFound({ ...status, ...(totals && { totals }) }, options, renderStatus);
}
