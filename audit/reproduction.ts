import type { LineOf } from '../schemas/ledger';
import type { StageKey } from '../contracts/stage';
import type { ArtifactManifest } from '../schemas/artifact';
import { readDeterminism } from './determinism';
import { compareFields, type FieldDifference } from './flatten';
import { readLedger } from './ledger';
import { recordedStages } from './run-records';
import type { RunPlace } from './comparison';
import { compareStages, readManifest } from './stage-differences';

/** A stage of the record, and what became of it when it was run again. */
export interface ReproducedStage {
  readonly key: StageKey;
  readonly kind: string;
  readonly title: string;
  /**
   * "same": the same bytes. "other": other bytes. "consequence": other bytes from inputs that were other already.
   * "unmade": the code that is installed asks for no such stage.
   */
  readonly outcome: 'same' | 'other' | 'consequence' | 'unmade';
  /** Payload digests; null where the stage was not run again. */
  readonly recorded: string;
  readonly made: string | null;
  /** What of the determinism class is not the same, A being the record; of an unmade stage, of its settings. */
  readonly differences: readonly FieldDifference[];
}

export interface Reproduction {
  readonly experimentId: string;
  readonly reproduced: boolean;
  readonly stages: readonly ReproducedStage[];
}

type Record = LineOf<'stage-recorded'>;

/** Whether some input of a stage was read with other bytes than the record says. */
function readOtherInputs(recorded: ArtifactManifest | undefined, made: ArtifactManifest): boolean {
  return Object.entries(made.inputDigests).some(
    ([name, digest]) => recorded?.inputDigests[name] !== undefined && recorded.inputDigests[name] !== digest,
  );
}

async function compareMade(
  { store: ofRecord }: RunPlace,
  { store: anew }: RunPlace,
  { stage: key, kind, artifact: recorded }: Record,
  made: ArtifactManifest,
): Promise<ReproducedStage> {
  const old = await readManifest(ofRecord, key);
  const about = { key, kind, title: made.title, recorded, made: made.digest };
  if (made.digest === recorded) return { ...about, outcome: 'same', differences: [] };
  const differences = compareFields(await readDeterminism(ofRecord, key), await readDeterminism(anew, key));
  const outcome = readOtherInputs(old, made) ? 'consequence' : 'other';
  return { ...about, outcome, differences };
}

/** A stage of the record whose key nobody asked for: beside the new stage that has its title, if there is one. */
async function describeUnmade(
  { store: ofRecord }: RunPlace,
  { store: anew }: RunPlace,
  { stage: key, kind, artifact: recorded }: Record,
  candidates: readonly ArtifactManifest[],
): Promise<ReproducedStage> {
  const old = await readManifest(ofRecord, key);
  const like = candidates.find((other) => other.kind === kind && other.title === old?.title);
  const differences =
    old === undefined || like === undefined
      ? []
      : await compareStages({ store: ofRecord, manifest: old }, { store: anew, manifest: like });
  return { key, kind, title: old?.title ?? kind, outcome: 'unmade', recorded, made: null, differences };
}

async function manifestsOf({ store, experimentId }: RunPlace): Promise<Map<StageKey, ArtifactManifest>> {
  const records = recordedStages(await readLedger(store.paths.experimentLedger(experimentId)));
  const read = await Promise.all(records.map(({ stage }) => readManifest(store, stage)));
  return new Map(read.flatMap((manifest) => (manifest === undefined ? [] : [[manifest.key, manifest]])));
}

/**
 * Holds a run that was made anew against its record, stage by stage: by the digests that the record's ledger has.
 *
 * @throws BudgetlineError LEDGER_CORRUPT
 */
export async function compareReproduction(recorded: RunPlace, anew: RunPlace): Promise<Reproduction> {
  const { store, experimentId } = recorded;
  const records = recordedStages(await readLedger(store.paths.experimentLedger(experimentId)));
  const made = await manifestsOf(anew);
  const known = new Set(records.map(({ stage }) => stage));
  const candidates = [...made.values()].filter(({ key }) => !known.has(key));
  const stages: ReproducedStage[] = [];
  for (const record of records) {
    const manifest = made.get(record.stage);
    stages.push(
      manifest === undefined
        ? await describeUnmade(recorded, anew, record, candidates)
        : await compareMade(recorded, anew, record, manifest),
    );
  }
  return { experimentId, reproduced: stages.every(({ outcome }) => outcome === 'same'), stages };
}
