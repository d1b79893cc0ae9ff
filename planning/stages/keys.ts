import type { ResolvedModel } from '../../contracts/resolved';
import type { InputName, SpecOf, StageInputRef, StageKey, StageKind } from '../../contracts/stage';
import { maxUnchunkedVocabulary } from '../../contracts/vocabulary';
import { digestOf, seedOf } from '../digest';

/**
 * Revision per stage kind. Raise it when a stage's output bytes change for the same spec and inputs; all keys of that kind,
 * and of the stages that read it, then change.
 */
export const revisions: Readonly<Record<StageKind, number>> = {
  synthesizeData: 3,
  trainSft: 3,
  freezeReference: 2,
  trainPreference: 3,
  evaluate: 4,
};

/**
 * The revision of a training stage. One more above `maxUnchunkedVocabulary`: logits are computed in chunks there, which
 * changed the last bits of such models only.
 */
export function trainingRevision(
  kind: 'trainSft' | 'trainPreference',
  { vocabulary = 0 }: ResolvedModel,
): number {
  return revisions[kind] + (vocabulary > maxUnchunkedVocabulary ? 1 : 0);
}

/** A stage's inputs by name. */
export type Inputs = Readonly<Partial<Record<InputName, StageInputRef>>>;

/** An input's part of a key: another stage's key, or an external model's content digest. */
export function inputDigest(input: StageInputRef): string {
  return 'stage' in input ? input.stage : input.digest;
}

/** Every input's digest by its name. */
export function inputDigests(inputs: Inputs): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, inputDigest(input)]));
}

/** SHA-256 of canonical spec, revision and the inputs' keys or digests. Paths, prices and execution do not enter. */
export function stageKey(spec: SpecOf<StageKind>, revision: number, inputs: Inputs): StageKey {
  return digestOf({ spec, revision, inputs: inputDigests(inputs) });
}

/**
 * A stage's seed, below 2^48: a hash of training seed and kind. It depends on no cell or sweep, so cells share stages; and
 * on no key, so a renamed field or a raised revision changes no result. SFT on top of SFT, as in the control
 * `sft-on-chosen`, has the same seed.
 */
export function stageSeed(seedAxis: number, kind: StageKind): number {
  return seedOf(['stage', seedAxis, kind]);
}

/** Seed of the pool's permutation, common to all stages of one training seed. */
export function poolSeed(seedAxis: number): number {
  return seedOf(['pool', seedAxis]);
}
