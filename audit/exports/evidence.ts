import { kindOf } from '../../contracts/run-kind';
import { BudgetlineError } from '../../core/failures';
import type { RunTimeline } from '../../contracts/run-timeline';
import type { ArtifactManifest } from '../../schemas/artifact';
import type { Store } from '../../store';
import { cellsOf, type Cell } from '../comparison/cells';
import { unfinishedCells, type UnfinishedCell } from '../comparison/unfinished-cells';
import { readHistories } from '../run-records';
import { readTimeline } from '../timeline';

/** Input of the exports. */
export interface ExportEvidence {
  readonly timeline: RunTimeline;
  /** By stage key. */
  readonly manifests: ReadonlyMap<string, ArtifactManifest>;
  /**
   * Cells with a result. Throws CONNECTION_INVALID if their histories are encrypted with a missing key, USAGE for a user's own
   * workflow.
   */
  readonly cells: () => readonly Cell[];
  /** Cells that ended without a score. */
  readonly unfinished: () => readonly UnfinishedCell[];
}

function assertCells({ workflowId, workflowType }: RunTimeline): void {
  if (kindOf(workflowType) !== 'workflow') return;
  throw new BudgetlineError(
    'USAGE',
    `${workflowId} is a run of your workflow "${workflowType}": it has no cells, which this format is about.`,
    { remedy: 'Use --format bundle, ro-crate, csv, open-lineage or in-toto.' },
  );
}

/** Throws INPUT_MISSING if the store does not have the run. */
export async function readEvidence(store: Store, experimentId: string): Promise<ExportEvidence> {
  const timeline = await readTimeline(store, experimentId);
  const read = timeline.stages.map(async ({ kind, key }) => {
    const artifact = await store.get({ kind, key });
    return artifact === undefined ? [] : [[key, artifact.manifest] as const];
  });
  const lines = await store.chain({ experiment: experimentId }).read();
  const histories = await readHistories(store, lines);
  return {
    timeline,
    manifests: new Map((await Promise.all(read)).flat()),
    cells() {
      assertCells(timeline);
      return cellsOf(histories.map(({ history }) => history));
    },
    unfinished: () => unfinishedCells(histories),
  };
}
