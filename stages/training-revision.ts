import type { ResolvedModel } from '../contracts/resolved';
import { maxUnchunkedVocabulary } from '../core/vocabulary';

/**
 * The revision of a training stage. One more above `maxUnchunkedVocabulary`: logits are computed in chunks there, which
 * changed the last bits of such models only.
 */
export function trainingRevision({ vocabulary = 0 }: ResolvedModel): number {
  return vocabulary > maxUnchunkedVocabulary ? 5 : 4;
}

/** What {@link trainingRevision} was when paid rows were first recorded: it never changes. */
export function firstTrainingRevision({ vocabulary = 0 }: ResolvedModel): number {
  return vocabulary > 32_768 ? 5 : 4;
}
