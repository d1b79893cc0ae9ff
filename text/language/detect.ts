import { characterNgrams } from './ngrams';
import { languageProfiles, type LanguageProfiles } from './profiles';

const webAddress = /https?:\/\/[-_.?&~;+=/#0-9A-Za-z]{1,2076}/g;
const mailAddress = /[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}/g;
const vietnameseMark = /[AEIOUYaeiouyÂÊÔâêôĂăƠơƯư][\u0300\u0301\u0303\u0309\u0323]/g;
const longestText = 10_000;

/** Removes addresses, composes Vietnamese vowels, joins spaces, and keeps the first 10,000 characters. */
function prepare(text: string): string[] {
  const plain = text
    .replace(webAddress, ' ')
    .replace(mailAddress, ' ')
    .replace(vietnameseMark, (letter) => letter.normalize('NFC'));
  const characters = [...plain].slice(0, longestText);
  return characters.filter((character, index) => character !== ' ' || characters[index - 1] !== ' ');
}

const isAsciiLetter = (character: string): boolean => character >= 'A' && character <= 'z';

/** Removes Latin words from a text of another script: they are names and quotations. */
function withoutForeignLatin(characters: readonly string[]): string {
  const latin = characters.filter(isAsciiLetter).length;
  const other = characters.filter((c) => c >= '\u0300' && !(c >= '\u1e00' && c <= '\u1eff')).length;
  return characters.filter((c) => latin * 2 >= other || !isAsciiLetter(c)).join('');
}

/** The mean of the published detector's random smoothing. */
const smoothing = 0.5 / 10_000;

let kanjiOf: Map<string, string> | undefined;

function kanjiMap({ kanji }: LanguageProfiles): Map<string, string> {
  return (kanjiOf ??= new Map(kanji.flatMap((group) => [...group].map((c) => [c, [...group][0] ?? c]))));
}

/** Adds one n-gram's log-probabilities to `scores`, indexed as the profiles' languages. */
function addEvidence(
  scores: Float64Array,
  gram: string,
  counts: readonly number[],
  profiles: LanguageProfiles,
) {
  const shares = new Float64Array(scores.length);
  for (let at = 0; at < counts.length; at += 2) {
    const language = counts[at] ?? 0;
    shares[language] = (counts[at + 1] ?? 0) / (profiles.totals[language]?.[[...gram].length - 1] ?? 1);
  }
  scores.forEach((score, language) => (scores[language] = score + Math.log(smoothing + shares[language]!)));
}

/**
 * Detects a text's language by naive Bayes over character n-grams, with the profiles of Nakatani's language-detection.
 * Returns an ISO 639-1 code, zh-cn or zh-tw; undefined where the text has no known n-gram.
 *
 * The published detector samples n-grams at random and may vary between calls; here every n-gram counts once, which is
 * the limit of its sampling.
 */
export function detectLanguage(text: string): string | undefined {
  const profiles = languageProfiles();
  const scores = new Float64Array(profiles.languages.length);
  let found = 0;
  for (const gram of characterNgrams(withoutForeignLatin(prepare(text)), kanjiMap(profiles))) {
    const counts = gram === ' ' || !Object.hasOwn(profiles.grams, gram) ? undefined : profiles.grams[gram];
    if (counts === undefined) continue;
    addEvidence(scores, gram, counts, profiles);
    found += 1;
  }
  return found === 0 ? undefined : profiles.languages[scores.indexOf(Math.max(...scores))];
}
