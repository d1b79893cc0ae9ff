import { digestOf, seedOf } from '../core/digest';
import type { StageInputRef, StageInputs, StageKey, StageSpec } from '../contracts/stage';

/** An input's part of a key: another stage's key, or an external model's content digest. */
export function inputDigest(input: StageInputRef): string {
  return 'stage' in input ? input.stage : input.digest;
}

/** Every input's digest by its name. */
export function inputDigests(inputs: StageInputs): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, inputDigest(input)]));
}

/** SHA-256 of canonical spec, revision and the inputs' keys or digests. Paths, prices and execution do not enter. */
export function stageKey(spec: StageSpec, revision: number, inputs: StageInputs): StageKey {
  return digestOf({ spec, revision, inputs: inputDigests(inputs) });
}

/**
 * A stage's seed, below 2^48: a hash of training seed and kind. It depends on no cell or sweep, so cells share stages; and
 * on no key, so a renamed field or a raised revision changes no result. SFT on top of SFT, as in the control
 * `sft-on-chosen`, has the same seed.
 */
export function stageSeed(seedAxis: number, kind: string): number {
  return seedOf(['stage', seedAxis, kind]);
}

/** Seed of the pool's permutation, common to all stages of one training seed. */
export function poolSeed(seedAxis: number): number {
  return seedOf(['pool', seedAxis]);
}
