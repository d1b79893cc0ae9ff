import { listRuns, type RunFilter } from '../../client';
import { homeOf } from '../../app/home';
import { renderRuns } from '../print/runs';
import { printFound, type PrinterOptions } from '../printer';
import { attachTemporal } from '../../app/run/temporal';

/** `budgetline list`: runs that Temporal knows, by what they are about. */
export async function listCommand(filter: RunFilter & PrinterOptions): Promise<void> {
  const client = await attachTemporal(homeOf(process.env, process.cwd()), process.env);
  printFound(await listRuns(client, filter), filter, renderRuns);
}
