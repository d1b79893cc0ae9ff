import { readModel } from '../model-file';

/** Character n-gram counts of many languages (models/language-profiles). */
export interface LanguageProfiles {
  /** ISO 639-1 codes, and zh-cn and zh-tw. */
  readonly languages: readonly string[];
  /** By language: all n-grams of one, two and three characters that its texts held. */
  readonly totals: readonly (readonly [number, number, number])[];
  /** By n-gram: pairs of a language's index and its count there. */
  readonly grams: Readonly<Record<string, readonly number[]>>;
  /** Chinese characters that are counted as one, the representative first. */
  readonly kanji: readonly string[];
}

let loaded: LanguageProfiles | undefined;

/** Read once a process, when it is first asked for: a megabyte unpacked to five. */
export function languageProfiles(): LanguageProfiles {
  return (loaded ??= readModel('language-profiles') as LanguageProfiles);
}
