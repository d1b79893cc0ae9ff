import { splitSpace, strip } from '../../../text/characters';
import { classes } from '../../../text/characters';
import { splitSentences } from '../../../text/sentences/split';
import { wordRuns } from '../../../text/words';
import { boundField, type Check, countField, FieldFault, type InstructionFields, textField } from './fields';

const space = `[${classes.space}]`;
const divider = new RegExp(`${space}?\\*{3}${space}?`, 'u');

const isBlank = (text: string): boolean => strip(text) === '';

export function numberOfWords(fields: InstructionFields): Check {
  const holds = boundField(fields, { count: 'num_words', relation: 'relation' });
  return (response) => holds(wordRuns(response).length);
}

export function numberOfSentences(fields: InstructionFields): Check {
  const holds = boundField(fields, { count: 'num_sentences', relation: 'relation' });
  return (response) => holds(splitSentences(response).length);
}

/** Paragraphs are divided by three asterisks; only the first and the last part may be blank. */
export function numberOfParagraphs(fields: InstructionFields): Check {
  const wanted = countField(fields, 'num_paragraphs');
  return (response) => {
    const parts = response.split(divider);
    if (parts.slice(1, -1).some(isBlank)) return false;
    return parts.filter((part) => !isBlank(part)).length === wanted;
  };
}

/** The first word in lower case, up to a punctuation mark, without leading quotation marks. */
function firstWord(paragraph: string): string {
  const bare = (splitSpace(paragraph)[0] ?? '').replace(/^'+/, '').replace(/^"+/, '');
  return /^[^.,?!'"]*/.exec(bare)?.[0].toLowerCase() ?? '';
}

/** A number of paragraphs separated by blank lines, the nth of which begins with a word. */
export function nthParagraphFirstWord(fields: InstructionFields): Check {
  const wanted = countField(fields, 'num_paragraphs');
  const nth = countField(fields, 'nth_paragraph');
  const word = textField(fields, 'first_word').toLowerCase();
  if (nth > wanted) throw new FieldFault('nth_paragraph', 'is above num_paragraphs');
  return (response) => {
    const parts = response.split('\n\n');
    const count = parts.filter((part) => !isBlank(part)).length;
    return count === wanted && firstWord(parts[nth - 1] ?? '') === word;
  };
}
