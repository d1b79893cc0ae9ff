import type { CellResult, ExperimentProgress } from '../contracts/results';
import type { allocationExperiment } from '../workflows';
import { queryExperiment } from './progress';
import type { Started } from './start';
import {
  askWorker,
  PendingReader,
  queryLimitMs,
  type RunningStage,
  watchRun,
  type WatchRunOptions,
} from './watch-run';

/** Status of an experiment, from its query and its pending activities. */
export interface ExperimentStatus {
  /** Null until a worker has answered for the first time. */
  readonly progress: ExperimentProgress | null;
  readonly running: readonly RunningStage[];
}

export interface WatchExperimentOptions extends WatchRunOptions {
  readonly started: Started<typeof allocationExperiment>;
  readonly onStatus: (status: ExperimentStatus) => void;
}

/** Reads the status of an experiment. The last answer of a worker counts until there is another. */
function createLook(options: WatchExperimentOptions): () => Promise<ExperimentStatus> {
  const { client, started } = options;
  const { workflowId, handle } = started;
  const reader = new PendingReader(workflowId, options);
  let progress: ExperimentProgress | null = null;
  return async () => {
    const [answer, pending] = await Promise.all([
      askWorker(() => queryExperiment(client, handle, queryLimitMs)),
      reader.read(workflowId),
    ]);
    progress = answer ?? progress;
    const named = new Map(progress?.running.map((stage) => [stage.key, stage]));
    const running = pending.map((each) => ({ ...each, stage: named.get(each.stageKey ?? ''), workflowId }));
    return { progress, running };
  };
}

/**
 * Follows an experiment to its result and reports its status. Waits for a server that is away for a while.
 *
 * @throws BudgetlineError with the code of what ended the experiment; TEMPORAL_SILENT if the server stays away;
 * the signal's reason if watching was stopped
 */
export function watchExperiment(options: WatchExperimentOptions): Promise<CellResult> {
  return watchRun({ ...options, look: createLook(options) }, (returned) => returned);
}
