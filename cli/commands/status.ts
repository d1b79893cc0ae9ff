import { placeOf } from '../../app/location';
import { readRunTotals } from '../../app/results/run-totals';
import { readStatus } from '../../app/run/list-runs';
import { experimentIdOf } from '../../planning';
import { renderStatus } from '../print/status';
import { printFound, type PrinterOptions } from '../printer';

/** `budgetline status ID`: progress or outcome of a sweep, an experiment, a cell or a workflow of the user's own. */
export async function statusCommand(workflowId: string, options: PrinterOptions): Promise<void> {
  const status = await readStatus(workflowId);
  const totals = await readRunTotals(placeOf({}).store, experimentIdOf(workflowId), status.runId);
  printFound({ ...status, totals }, options, renderStatus);
}
