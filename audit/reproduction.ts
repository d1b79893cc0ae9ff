import type { LineOf } from '../schemas/ledger';
import type { StageKey } from '../contracts/stage';
import type { ArtifactManifest } from '../schemas/artifact';
import { readDeterminism } from './determinism';
import { compareFields, type FieldDifference } from './flatten';
import { recordedStages } from './run-records';
import type { RunLocation } from './comparison';
import { compareStages, readManifest } from './stage-differences';

/** A recorded stage, compared with the new run. */
export interface ReproducedStage {
  readonly key: StageKey;
  readonly kind: string;
  readonly title: string;
  /**
   * "different": different bytes from identical inputs. "different-inputs": different bytes, because an input differs.
   * "not-run": the installed code does not request this stage.
   */
  readonly outcome: 'identical' | 'different' | 'different-inputs' | 'not-run';
  /** Payload digests; `made` is null if the stage was not run again. */
  readonly recorded: string;
  readonly made: string | null;
  /** Differences of the determinism class, or of the settings for "not-run". A is the record. */
  readonly differences: readonly FieldDifference[];
}

export interface Reproduction {
  readonly experimentId: string;
  readonly reproduced: boolean;
  readonly stages: readonly ReproducedStage[];
}

type Record = LineOf<'stage-recorded'>;

/** Whether an input had other bytes than in the record. */
function hasDifferentInputs(recorded: ArtifactManifest | undefined, made: ArtifactManifest): boolean {
  return Object.entries(made.inputDigests).some(
    ([name, digest]) => recorded?.inputDigests[name] !== undefined && recorded.inputDigests[name] !== digest,
  );
}

async function compareBytes(
  { store: recordStore }: RunLocation,
  { store: newStore }: RunLocation,
  { stage: key, kind, artifact: recorded }: Record,
  made: ArtifactManifest,
): Promise<ReproducedStage> {
  const before = await readManifest(recordStore, key);
  const about = { key, kind, title: made.title, recorded, made: made.digest };
  if (made.digest === recorded) return { ...about, outcome: 'identical', differences: [] };
  const differences = compareFields(
    await readDeterminism(recordStore, key),
    await readDeterminism(newStore, key),
  );
  const outcome = hasDifferentInputs(before, made) ? 'different-inputs' : 'different';
  return { ...about, outcome, differences };
}

/** Compares a stage that was not run again with the new stage of the same title that is nearest to it, if there is one. */
async function describeNotRun(
  { store: recordStore }: RunLocation,
  { store: newStore }: RunLocation,
  { stage: key, kind, artifact: recorded }: Record,
  candidates: readonly ArtifactManifest[],
): Promise<ReproducedStage> {
  const before = await readManifest(recordStore, key);
  const similar = candidates.filter((other) => other.kind === kind && other.title === before?.title);
  const compared = similar.map((manifest) =>
    compareStages({ store: recordStore, manifest: before! }, { store: newStore, manifest }),
  );
  const [differences = []] = (await Promise.all(compared)).sort((a, b) => a.length - b.length);
  return { key, kind, title: before?.title ?? kind, outcome: 'not-run', recorded, made: null, differences };
}

async function manifestsOf({ store, experimentId }: RunLocation): Promise<Map<StageKey, ArtifactManifest>> {
  const records = recordedStages(await store.chain({ experiment: experimentId }).read());
  const read = await Promise.all(records.map(({ stage }) => readManifest(store, stage)));
  return new Map(read.flatMap((manifest) => (manifest === undefined ? [] : [[manifest.key, manifest]])));
}

/**
 * Compares a new run with its record, stage by stage, by the digests in the record's ledger.
 *
 * @throws BudgetlineError LEDGER_CORRUPT
 */
export async function compareReproduction(recorded: RunLocation, rerun: RunLocation): Promise<Reproduction> {
  const { store, experimentId } = recorded;
  const records = recordedStages(await store.chain({ experiment: experimentId }).read());
  const made = await manifestsOf(rerun);
  const known = new Set(records.map(({ stage }) => stage));
  const candidates = [...made.values()].filter(({ key }) => !known.has(key));
  const stages: ReproducedStage[] = [];
  for (const record of records) {
    const manifest = made.get(record.stage);
    stages.push(
      manifest === undefined
        ? await describeNotRun(recorded, rerun, record, candidates)
        : await compareBytes(recorded, rerun, record, manifest),
    );
  }
  return { experimentId, reproduced: stages.every(({ outcome }) => outcome === 'identical'), stages };
}
