import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactManifest } from '../schemas/artifact';
import type { PlannedStage } from '../contracts/stage';
import { describeDataset } from '../ingest';
import { digestFile } from '../store';

/** The rows of a data artifact: demonstrations or pairs. */
export function rowsFile(dir: string): string {
  const demonstrations = join(dir, 'demonstrations.jsonl');
  return existsSync(demonstrations) ? demonstrations : join(dir, 'pairs.jsonl');
}

/**
 * Croissant metadata of a stage's rows, for its manifest; undefined if it makes none. Prices and sources are not in the
 * payload, so that equal rows have equal digests whatever they cost.
 */
export async function describeRows(
  { kind, key, rows }: PlannedStage,
  dir: string,
): Promise<ArtifactManifest['croissant']> {
  if (rows === null) return undefined;
  const path = rowsFile(dir);
  const { size: bytes } = await stat(path);
  const sha256 = await digestFile(path);
  const file = { name: path.slice(dir.length + 1), sha256, bytes, kind: rows.format };
  return describeDataset({ name: `${kind}-${key.slice(0, 12)}`, ...rows.provenance }, file);
}
