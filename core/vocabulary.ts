/**
 * Largest vocabulary whose logits are computed at once. For larger ones they are computed in chunks of tokens, which changes
 * the order of sums: stages/training-revision.ts therefore gives training stages of such models another revision.
 */
export const maxUnchunkedVocabulary = 1 << 15;
