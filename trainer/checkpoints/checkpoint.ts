import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { numericPlan, type NumericPlan } from '../../schemas/trainer-job';
import type { Tensor } from '../tensor';
import type { TrainState } from '../engine/types';
import { attempt, fileSizeBytes, hashFile, writeAtomic } from '../io/files';
import { encodeSafetensors, readSafetensors } from '../io/safetensors';
import type { MetricsMark } from './metrics-log';
import type { Semantics } from './semantics';

/**
 * A checkpoint is one safetensors file named `checkpoint-STEP-SHA256.safetensors`. The name has the digest of the bytes, so
 * one rename publishes both. Its tensors are `parameters/NAME`, `first_moments/NAME` and `second_moments/NAME`; its metadata
 * has one entry `checkpoint`, the JSON of this record. Batches and random numbers follow from (seed, data, step), so the
 * step is the only cursor.
 */
const recordSchema = z.object({
  format: z.literal(1),
  step: z.int().nonnegative(),
  /** Tokens trained on so far. */
  tokens: z.number().nonnegative(),
  metrics: z.object({ bytes: z.int().nonnegative(), sha256: z.string() }),
  plan: numericPlan,
  semantics: z.record(z.string(), z.unknown()),
});

export interface CheckpointRecord {
  readonly step: number;
  readonly tokens: number;
  readonly metrics: MetricsMark;
  readonly plan: NumericPlan;
  readonly semantics: Semantics;
}

export interface Checkpoint extends CheckpointRecord {
  readonly state: TrainState;
}

const sections = {
  parameters: 'parameters',
  firstMoments: 'first_moments',
  secondMoments: 'second_moments',
} as const;
type Section = keyof typeof sections;
const sectionNames = Object.keys(sections) as Section[];

function flatten(state: TrainState): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const section of sectionNames)
    for (const [name, tensor] of state[section]) tensors.set(`${sections[section]}/${name}`, tensor);
  return tensors;
}

function unflatten(tensors: ReadonlyMap<string, Tensor>): TrainState {
  const pick = (section: Section): Map<string, Tensor> => {
    const prefix = `${sections[section]}/`;
    const matching = [...tensors].filter(([name]) => name.startsWith(prefix));
    return new Map(matching.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  };
  return {
    parameters: pick('parameters'),
    firstMoments: pick('firstMoments'),
    secondMoments: pick('secondMoments'),
  };
}

interface CheckpointName {
  readonly path: string;
  readonly step: number;
  readonly sha256: string;
}

const namePattern = /^checkpoint-(\d{10})-([0-9a-f]{64})\.safetensors$/;

/** Checkpoints of a folder, newest first. */
function listCheckpoints(folder: string): CheckpointName[] {
  const found = attempt(folder, 'read', () => readdirSync(folder)).map((name) => namePattern.exec(name));
  return found
    .filter((match) => match !== null)
    .map((match) => ({ path: join(folder, match[0]), step: Number(match[1]), sha256: match[2] ?? '' }))
    .sort((a, b) => b.step - a.step);
}

/** Removes files of a process that was killed while writing. */
function removePartials(folder: string): void {
  attempt(folder, 'write', () => {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.partial')))
      rmSync(join(folder, name), { force: true });
  });
}

export interface SavedCheckpoint {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Writes a checkpoint atomically, then removes all but the newest `keep`. */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint, keep: number): SavedCheckpoint {
  const { state, ...record } = checkpoint;
  const metadata = { checkpoint: JSON.stringify({ format: 1, ...record }) };
  const pieces = [...encodeSafetensors(flatten(state), metadata)];
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  const sha256 = hash.digest('hex');
  const path = join(folder, `checkpoint-${String(checkpoint.step).padStart(10, '0')}-${sha256}.safetensors`);
  writeAtomic(path, pieces);
  for (const old of listCheckpoints(folder).slice(keep)) rmSync(old.path, { force: true });
  return { path, sha256, bytes: fileSizeBytes(path) };
}

function readCheckpoint(path: string): Checkpoint {
  const { tensors, metadata } = readSafetensors(path);
  const { step, tokens, metrics, plan, semantics } = recordSchema.parse(
    JSON.parse(metadata['checkpoint'] ?? 'null'),
  );
  return { step, tokens, metrics, plan, semantics, state: unflatten(tensors) };
}

export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint | null;
  /** Paths of newer checkpoints that were damaged. */
  readonly damaged: readonly string[];
}

/**
 * The newest checkpoint whose bytes match the digest in its name and that `accepts` approves. Others are removed and listed
 * as damaged.
 */
export async function findCheckpoint(
  folder: string,
  accepts: (checkpoint: Checkpoint) => boolean,
): Promise<FoundCheckpoint> {
  const damaged: string[] = [];
  removePartials(folder);
  for (const { path, sha256 } of listCheckpoints(folder)) {
    const checkpoint = (await hashFile(path)) === sha256 ? readCheckpoint(path) : null;
    if (checkpoint !== null && accepts(checkpoint)) return { checkpoint, damaged };
    damaged.push(path);
    rmSync(path, { force: true });
  }
  return { checkpoint: null, damaged };
}

/** @throws CONFIG_INVALID if a field differs between this job and the one of the work folder. */
export function refuseOtherJob(field: string | null, workDir: string): void {
  if (field === null) return;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `The work folder ${workDir} belongs to another job: field "${field}" differs.`,
    { remedy: 'Use a new work folder for the changed job.', details: { path: workDir, field } },
  );
}
