import type { Client } from '@temporalio/client';
import type { startSweep } from '../../client';
import { unlessAborted } from './abort';

type HowStarted = Pick<Awaited<ReturnType<typeof startSweep>>, 'how' | 'searchable'>;

const notices: Record<HowStarted['how'], ((run: string) => string) | null> = {
  started: null,
  attached: (run) => `This ${run} is already running; following it.`,
  restarted: (run) =>
    `This ${run} was started by other workflow code; it starts again and reuses finished stages from the store.`,
};

const notSearchable =
  'The server lacks search attributes, so "budgetline list" cannot find this run by its task or budget; see "budgetline server register".';

export interface StartRunOptions {
  readonly client: Client;
  /** In notices. */
  readonly run: 'sweep' | 'experiment';
  readonly onNotice?: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Starts a run or attaches to a running one, and reports which.
 *
 * @throws the signal's reason
 */
export async function startRun<Started extends HowStarted>(
  start: () => Promise<Started>,
  { client, run, onNotice, signal }: StartRunOptions,
): Promise<Started> {
  const starting = () => client.withAbortSignal(AbortSignal.any([signal]), start);
  const started = await unlessAborted(starting, signal);
  const notice = notices[started.how];
  if (notice !== null) onNotice?.(notice(run));
  if (!started.searchable) onNotice?.(notSearchable);
  return started;
}
