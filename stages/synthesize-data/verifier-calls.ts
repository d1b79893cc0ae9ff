import type { PairSpec } from '../../schemas/definition';
import { expectedPairYield } from '../rates';

/** Expected verifier calls for a number of pairs, one per sample. */
export function expectedVerifierCalls(pairs: number, spec: PairSpec): number {
  return Math.ceil(pairs / expectedPairYield) * spec.candidates;
}
