import { readModel } from '../model-file';

/** What Punkt learnt of English (models/english-sentences). Words are lower-cased, numbers are "##number##". */
interface Stored {
  /** Words that end in a full stop which is part of them. */
  readonly abbreviations: readonly string[];
  /** Pairs of words around a full stop that ends no sentence: "b\tsmith". */
  readonly collocations: readonly string[];
  /** Words that often begin a sentence. */
  readonly starters: readonly string[];
  /** By word: where it was seen with which first letter, as the sum of `seen`. */
  readonly contexts: Readonly<Record<string, number>>;
}

/** Bits of a word's contexts. */
export const seen = { capitalWithin: 4, anyCapital: 2 + 4 + 8, smallAtStart: 16, anySmall: 16 + 32 + 64 };

export interface SentenceModel {
  readonly abbreviations: ReadonlySet<string>;
  readonly collocations: ReadonlySet<string>;
  readonly starters: ReadonlySet<string>;
  contextsOf(word: string): number;
}

let loaded: SentenceModel | undefined;

function loadModel(): SentenceModel {
  const { abbreviations, collocations, starters, contexts } = readModel('english-sentences') as Stored;
  return {
    abbreviations: new Set(abbreviations),
    collocations: new Set(collocations),
    starters: new Set(starters),
    contextsOf: (word) => (Object.hasOwn(contexts, word) ? (contexts[word] ?? 0) : 0),
  };
}

/** Read once a process. */
export function sentenceModel(): SentenceModel {
  return (loaded ??= loadModel());
}
