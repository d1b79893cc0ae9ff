import { readStatus } from '../../client';
import { homeOf } from '../home';
import { renderStatus } from '../print/status';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { attachTemporal } from '../temporal';

/** `budgetline status ID`: where a sweep, an experiment or a cell stands, or how it ended. */
export async function statusCommand(workflowId: string, options: PrinterOptions): Promise<void> {
  const { client } = await attachTemporal(homeOf(process.env, process.cwd()), process.env);
  const status = await readStatus(client, workflowId);
  if (options.json === true) printJson(status);
  else {
    const printer = createPrinter(options);
    printer.print(renderStatus(status, printer.ink));
  }
}
