import type { AuditStory } from '../../contracts/audit-story';
import type { ArtifactManifest } from '../../schemas/artifact';
import type { Store } from '../../store';
import { cellsOf, type Cell } from '../comparison/cells';
import { lostCells, type LostCell } from '../comparison/lost-cells';
import { readLedger } from '../ledger';
import { readHistories } from '../run-records';
import { readStory } from '../story';

/** What the exports read: the story, and the manifest of every stage by its key. */
export interface ExportEvidence {
  readonly story: AuditStory;
  readonly manifests: ReadonlyMap<string, ArtifactManifest>;
  /** Cells that have ended, as their histories have them. CONNECTION_INVALID where those are encrypted and cannot be read. */
  readonly cells: () => readonly Cell[];
  /** Cells that ended without a score. */
  readonly lost: () => readonly LostCell[];
}

/** INPUT_MISSING where there is no such run. */
export async function readEvidence(store: Store, experimentId: string): Promise<ExportEvidence> {
  const story = await readStory(store, experimentId);
  const read = story.stages.map(async ({ kind, key }) => {
    const artifact = await store.readArtifact({ kind, key });
    return artifact === undefined ? [] : [[key, artifact.manifest] as const];
  });
  const lines = await readLedger(store.paths.experimentLedger(experimentId));
  const histories = await readHistories(store, lines);
  return {
    story,
    manifests: new Map((await Promise.all(read)).flat()),
    cells: () => cellsOf(histories.map(({ history }) => history)),
    lost: () => lostCells(histories),
  };
}
