import { stat } from 'node:fs/promises';
import type { ArtifactManifest } from '../schemas/artifact';
import type { PlannedStage } from '../contracts/stage';
import { describeDataset } from '../ingest';
import { digestFile } from '../store';
import { rowsFile } from './train-sft';

type DataStage = PlannedStage<'synthesizeData'>;

function kindOf({ spec }: DataStage) {
  if (spec.what === 'user-preferences') return spec.userRows.kind;
  return spec.what === 'pairs' ? 'preferences' : 'demonstrations';
}

/**
 * Croissant metadata of a stage's rows, for its manifest. Prices and sources are not in the payload, so
 * that equal rows have equal digests whatever they cost.
 */
export async function describeRows(
  stage: PlannedStage,
  dir: string,
): Promise<Pick<ArtifactManifest, 'croissant'>> {
  if (stage.kind !== 'synthesizeData' || stage.provenance === undefined) return {};
  const path = rowsFile(dir);
  const { size: bytes } = await stat(path);
  const file = {
    name: path.slice(dir.length + 1),
    sha256: await digestFile(path),
    bytes,
    kind: kindOf(stage),
  };
  const named = { name: `${stage.kind}-${stage.key.slice(0, 12)}`, ...stage.provenance };
  return { croissant: describeDataset(named, file) };
}
