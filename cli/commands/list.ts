import { listRuns } from '../../app/run/list-runs';
import type { RunFilter } from '../../client';
import { renderRuns } from '../print/runs';
import { wrap } from '../print/text';
import { printFound, printerTo, type PrinterOptions } from '../printer';

/** `budgetline list`: lists runs in Temporal, with filters. */
export async function listCommand(filter: RunFilter & PrinterOptions): Promise<void> {
  const { print } = printerTo(process.stderr, filter.color);
  const onNotice = (text: string): void => print(wrap(text, { first: '! ' }));
  printFound(await listRuns(filter, { onNotice }), filter, renderRuns);
}
