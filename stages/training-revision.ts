import type { ResolvedModel } from '../contracts/resolved';
import { maxUnchunkedVocabulary } from '../core/vocabulary';

/**
 * The revision of a training stage. One more above `maxUnchunkedVocabulary`: logits are computed in chunks there, which
 * changed the last bits of such models only.
 */
export function trainingRevision({ vocabulary = 0 }: ResolvedModel): number {
  return vocabulary > maxUnchunkedVocabulary ? 5 : 4;
}
