/**
 * Most words of a vocabulary whose logits are made at once. Those of larger ones are made in chunks of tokens, which sums in
 * another order: so a stage that trains a model is another one above this (planning/stages/keys.ts).
 */
export const wholeVocabulary = 1 << 15;
