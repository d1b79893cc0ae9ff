import { readModel } from '../model-file';

/** Punkt's parameters for English (models/english-sentences). Words are lower-cased, numbers are "##number##". */
interface Stored {
  /** Words with a final full stop of their own. */
  readonly abbreviations: readonly string[];
  /** Pairs of words around a full stop that does not end a sentence: "b\tsmith". */
  readonly collocations: readonly string[];
  /** Words that often start a sentence. */
  readonly starters: readonly string[];
  /** By word: positions and cases that it was seen in, as a sum of `seen`. */
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

/** Loads the model once per process. */
export function sentenceModel(): SentenceModel {
  return (loaded ??= loadModel());
}
