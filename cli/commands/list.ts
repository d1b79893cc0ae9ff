import { listRuns } from '../../app/run/list-runs';
import type { RunFilter } from '../../client';
import { renderRuns } from '../print/runs';
import { printFound, type PrinterOptions } from '../printer';

/** `budgetline list`: lists runs in Temporal, with filters. */
export async function listCommand(filter: RunFilter & PrinterOptions): Promise<void> {
  printFound(await listRuns(filter), filter, renderRuns);
}
