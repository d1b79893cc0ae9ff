import { placeOf } from '../../app/location';
import { readRunTotals } from '../../app/results/run-totals';
import { readStatus } from '../../app/run/list-runs';
import { renderStatus } from '../print/status';
import { printFound, type PrinterOptions } from '../printer';

/** `budgetline status ID`: progress or outcome of a sweep, an experiment or a cell. */
export async function statusCommand(workflowId: string, options: PrinterOptions): Promise<void> {
  const status = await readStatus(workflowId);
  const totals = await readRunTotals(placeOf({}).store, workflowId, status.runId);
  printFound({ ...status, totals }, options, renderStatus);
}
