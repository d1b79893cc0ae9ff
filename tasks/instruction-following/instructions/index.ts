import type { Check, InstructionFields } from './fields';
import * as format from './format';
import * as length from './length';
import * as whole from './whole';
import * as wording from './wording';

interface Instruction {
  /** Names of its fields; others are refused. */
  readonly fields: readonly string[];
  /** @throws FieldFault */
  readonly make: (fields: InstructionFields) => Check;
}

const of = (make: (fields: InstructionFields) => Check, ...fields: string[]): Instruction => ({
  fields,
  make,
});
const plain = (check: Check): Instruction => ({ fields: [], make: () => check });

/** The 25 kinds of verifiable instructions of IFEval (Zhou et al., arXiv 2311.07911), by id. */
const table = {
  'keywords:existence': of(wording.hasKeywords, 'keywords'),
  'keywords:frequency': of(wording.keywordFrequency, 'keyword', 'frequency', 'relation'),
  'keywords:forbidden_words': of(wording.lacksWords, 'forbidden_words'),
  'keywords:letter_frequency': of(wording.letterFrequency, 'letter', 'let_frequency', 'let_relation'),
  'language:response_language': of(wording.inLanguage, 'language'),
  'length_constraints:number_sentences': of(length.numberOfSentences, 'num_sentences', 'relation'),
  'length_constraints:number_paragraphs': of(length.numberOfParagraphs, 'num_paragraphs'),
  'length_constraints:number_words': of(length.numberOfWords, 'num_words', 'relation'),
  'length_constraints:nth_paragraph_first_word': of(
    length.nthParagraphFirstWord,
    ...['num_paragraphs', 'nth_paragraph', 'first_word'],
  ),
  'detectable_content:number_placeholders': of(format.placeholders, 'num_placeholders'),
  'detectable_content:postscript': of(format.postscript, 'postscript_marker'),
  'detectable_format:number_bullet_lists': of(format.bulletPoints, 'num_bullets'),
  'detectable_format:constrained_response': plain(format.isConstrained),
  'detectable_format:number_highlighted_sections': of(format.highlights, 'num_highlights'),
  'detectable_format:multiple_sections': of(format.sections, 'section_spliter', 'num_sections'),
  'detectable_format:json_format': plain(format.isJson),
  'detectable_format:title': plain(format.hasTitle),
  'combination:two_responses': plain(whole.hasTwoResponses),
  'combination:repeat_prompt': of(whole.repeatsPrompt, 'prompt_to_repeat'),
  'startend:end_checker': of(whole.endsWith, 'end_phrase'),
  'startend:quotation': plain(whole.isQuoted),
  'change_case:capital_word_frequency': of(wording.capitalWords, 'capital_frequency', 'capital_relation'),
  'change_case:english_capital': plain(wording.inEnglishCapitals),
  'change_case:english_lowercase': plain(wording.inEnglishSmallLetters),
  'punctuation:no_comma': plain(wording.hasNoComma),
} as const satisfies Record<string, Instruction>;

export type InstructionKind = keyof typeof table;

/** Instruction id → its fields and how its check is made. */
export const instructions: Readonly<Record<InstructionKind, Instruction>> = table;

export const isInstructionKind = (id: unknown): id is InstructionKind =>
  typeof id === 'string' && Object.hasOwn(table, id);
