import { listRuns, type RunFilter } from '../../client';
import { homeOf } from '../home';
import { renderRuns } from '../print/runs';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { attachTemporal } from '../temporal';

/** `budgetline list`: runs that Temporal knows, by what they are about. */
export async function listCommand(filter: RunFilter & PrinterOptions): Promise<void> {
  const { client } = await attachTemporal(homeOf(process.env, process.cwd()), process.env);
  const runs = await listRuns(client, filter);
  if (filter.json === true) printJson(runs);
  else {
    const printer = createPrinter(filter);
    printer.print(renderRuns(runs, printer.ink));
  }
}
