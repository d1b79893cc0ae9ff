import { classes, escapePattern, isLower, isUpper } from '../../../text/characters';
import { detectLanguage } from '../../../text/language/detect';
import { tokenizeWords } from '../../../text/words';
import { boundField, type Check, FieldFault, type InstructionFields, textField, textsField } from './fields';

/** A case-insensitive pattern. As in the original, i also matches the Turkish letters without and with a dot. */
const inAnyCase = (text: string): string => escapePattern(text).replace(/i/gi, '[iIıİ]');

export function hasKeywords(fields: InstructionFields): Check {
  const patterns = textsField(fields, 'keywords').map((keyword) => new RegExp(inAnyCase(keyword), 'iu'));
  return (response) => patterns.every((pattern) => pattern.test(response));
}

export function lacksWords(fields: InstructionFields): Check {
  const patterns = textsField(fields, 'forbidden_words').map(
    (word) => new RegExp(`${wordEdge(word, 0)}${inAnyCase(word)}${wordEdge(word, -1)}`, 'iu'),
  );
  return (response) => !patterns.some((pattern) => pattern.test(response));
}

/** Python's \b at one end of a word: a letter next to a non-letter, or, where the word ends in a mark, the reverse. */
function wordEdge(word: string, end: 0 | -1): string {
  const look = end === 0 ? '?<' : '?';
  const isLetter = new RegExp(`[${classes.word}]`, 'u').test([...word].at(end) ?? '');
  return `(${look}${isLetter ? '!' : '='}[${classes.word}])`;
}

export function keywordFrequency(fields: InstructionFields): Check {
  const pattern = new RegExp(inAnyCase(textField(fields, 'keyword').trim()), 'giu');
  const holds = boundField(fields, { count: 'frequency', relation: 'relation' });
  return (response) => holds(response.match(pattern)?.length ?? 0);
}

/** The original replaces a mark such as "#" by a random letter; here the mark is counted. */
export function letterFrequency(fields: InstructionFields): Check {
  const letter = textField(fields, 'letter').trim().toLowerCase();
  if ([...letter].length !== 1) throw new FieldFault('letter', 'is not one character');
  const holds = boundField(fields, { count: 'let_frequency', relation: 'let_relation' });
  return (response) => holds([...response.toLowerCase()].filter((each) => each === letter).length);
}

export function capitalWords(fields: InstructionFields): Check {
  const holds = boundField(fields, { count: 'capital_frequency', relation: 'capital_relation' });
  return (response) => holds(tokenizeWords(response).filter(isUpper).length);
}

/** A response without a detectable language counts as correct, as in the original. */
const isIn = (language: string, response: string): boolean =>
  (detectLanguage(response) ?? language) === language;

export function inLanguage(fields: InstructionFields): Check {
  const language = textField(fields, 'language');
  return (response) => isIn(language, response);
}

export const inEnglishCapitals: Check = (response) => isUpper(response) && isIn('en', response);
export const inEnglishSmallLetters: Check = (response) => isLower(response) && isIn('en', response);
export const hasNoComma: Check = (response) => !response.includes(',');
