import { listRuns } from '../../app/run/list-runs';
import type { RunFilter } from '../../client';
import { renderRuns } from '../print/runs';
import { wrap } from '../print/text';
import { printFound, type PrinterOptions } from '../printer';

/** `budgetline list`: lists runs in Temporal, with filters. */
export async function listCommand(filter: RunFilter & PrinterOptions): Promise<void> {
  const onNotice = (text: string): void =>
    void process.stderr.write(`${wrap(text, { first: '! ' }).join('\n')}\n`);
  printFound(await listRuns(filter, { onNotice }), filter, renderRuns);
}
