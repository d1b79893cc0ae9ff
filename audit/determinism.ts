import type { ArtifactManifest } from '../schemas/artifact';
import type { LedgerLine, LineOf } from '../schemas/ledger';
import type { StageKey } from '../contracts/stage';
import type { Store } from '../store';
import { readManifest } from './stage-differences';

/** Everything that determines a stage's bytes: numeric plan, hardware and code. null if not recorded. */
export interface DeterminismClass {
  /** Training executable and ONNX Runtime: "budgetline-trainer 0.1.0, onnxruntime-node 1.30.0". */
  readonly runtime: string;
  /** Execution provider. */
  readonly device: string;
  readonly deviceModel: string | null;
  readonly instructionSet: string | null;
  readonly threads: number;
  readonly microBatches: ArtifactManifest['made']['microBatches'];
  readonly revision: number;
  /** SHA-256 of the training executable. */
  readonly executable: string | null;
  /** SHA-256 over the sources of the build. */
  readonly build: string | null;
  readonly commit: string | null;
}

/** The attempt that made the artifact: the last that published, else the last that started. */
export function makingAttempt(lines: readonly LedgerLine[]): LineOf<'attempt-started'> | undefined {
  const starts = lines.filter((line) => line.type === 'attempt-started');
  const published = lines.filter((line) => line.type === 'attempt-ended' && line.outcome === 'published');
  const fences = published.map((line) => (line as LineOf<'attempt-ended'>).fence);
  return starts.filter(({ fence }) => fences.includes(fence)).at(-1) ?? starts.at(-1);
}

export function determinismOf(
  { made, revision }: ArtifactManifest,
  start: LineOf<'attempt-started'> | undefined,
): DeterminismClass {
  const { trainer: runtime, device, threads, microBatches } = made;
  return {
    runtime,
    device,
    threads,
    microBatches,
    revision,
    deviceModel: start?.worker?.deviceModel ?? null,
    instructionSet: start?.worker?.instructionSet ?? null,
    executable: start?.codeDigest ?? null,
    build: start?.worker?.buildDigest ?? null,
    commit: start?.worker?.gitCommit ?? null,
  };
}

/** The class of a stored stage; undefined if the store does not have it. */
export async function readDeterminism(store: Store, key: StageKey): Promise<DeterminismClass | undefined> {
  const manifest = await readManifest(store, key);
  if (manifest === undefined) return undefined;
  return determinismOf(manifest, makingAttempt(await store.chain({ stage: key }).read()));
}
