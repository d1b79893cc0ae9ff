import type { ResolvedModel } from '../../contracts/definition';
import type { InputName, SpecOf, StageInputRef, StageKey, StageKind } from '../../contracts/stage';
import { wholeVocabulary } from '../../contracts/vocabulary';
import { digestOf, seedOf } from '../digest';

/**
 * One integer a stage kind. It is raised when the bytes that a stage makes from the same spec and inputs change;
 * every key of that kind, and of what stands on it, then changes too.
 */
export const revisions: Readonly<Record<StageKind, number>> = {
  synthesizeData: 2,
  trainSft: 2,
  freezeReference: 1,
  trainPreference: 2,
  evaluate: 3,
};

/**
 * The revision of a stage that trains a model. One more above `wholeVocabulary`: since logits are made in chunks there, what stores
 * held of such models is not what would be made today, to the last bits; that of all others is.
 */
export function trainingRevision(
  kind: 'trainSft' | 'trainPreference',
  { vocabulary = 0 }: ResolvedModel,
): number {
  return revisions[kind] + (vocabulary > wholeVocabulary ? 1 : 0);
}

/** A stage's inputs by name. */
export type Inputs = Readonly<Partial<Record<InputName, StageInputRef>>>;

/** What of an input enters a key: another stage's key, or an external model's content digest. */
export function inputDigest(input: StageInputRef): string {
  return 'stage' in input ? input.stage : input.digest;
}

/** SHA-256 over canonical spec, revision and the inputs' keys or digests. Paths, prices and execution stand outside. */
export function stageKey(spec: SpecOf<StageKind>, revision: number, inputs: Inputs): StageKey {
  const digests = Object.entries(inputs).map(([name, input]) => [name, inputDigest(input)] as const);
  return digestOf({ spec, revision, inputs: Object.fromEntries(digests) });
}

/**
 * A stage's seed, below 2^48: a hash of seed axis, kind and the key of its data, never of cell, sweep or experiment.
 * That is what lets cells share stages.
 */
export function stageSeed(seedAxis: number, kind: StageKind, dataKey: string): number {
  return seedOf(['stage', seedAxis, kind, dataKey]);
}

/** Seed of the pool's permutation, common to all stages of one seed axis. */
export function poolSeed(seedAxis: number): number {
  return seedOf(['pool', seedAxis]);
}
