import { strip, unicodeClasses } from '../characters';
import { holdsSentenceEnd } from './decide';
import { sentenceModel } from './parameters';
import { nonWord } from './tokens';

const space = `[${unicodeClasses.space}]`;
/** A mark that may end a sentence, with the text after it. */
const candidate = new RegExp(
  `[.?!](?=(?<after>${nonWord}|${space}+(?<next>[^${unicodeClasses.space}]+)))`,
  'gu',
);
const asciiSpace = /[\t-\r ]/;
/** Closing marks that belong to the sentence before. */
const closing = new RegExp(
  `^["')\\]}\\u2018\\u2019\\u201c\\u201d\\xab\\xbb]+?(?:${space}+|(?=--)|(?=\\n|$))`,
  'u',
);

interface Span {
  start: number;
  end: number;
}

interface Candidate {
  readonly at: number;
  readonly word: Span;
  readonly after: string;
  /** Where the next sentence would begin. */
  readonly next: number;
}

function lastSpace(text: string): number {
  for (let at = text.length - 1; at > 0; at -= 1) if (asciiSpace.test(text[at] ?? '')) return at;
  return 0;
}

function* candidates(text: string): Generator<Candidate> {
  let word: Span = { start: 0, end: 0 };
  for (const match of text.matchAll(candidate)) {
    const { after = '', next = '' } = match.groups ?? {};
    const found = lastSpace(text.slice(word.end, match.index));
    word = { start: found === 0 ? word.start : word.end + found + 1, end: match.index };
    const end = match.index + 1;
    yield { at: match.index, word, after, next: next === '' ? end : end + after.length - next.length };
  }
}

/** The last mark of each word: "What?!" has one candidate. */
function* lastOfEachWord(text: string): Generator<Candidate> {
  let held: Candidate | undefined;
  for (const found of candidates(text)) {
    if (held !== undefined && held.word.end <= found.word.start) yield held;
    held = found;
  }
  if (held !== undefined) yield held;
}

function* roughSpans(text: string): Generator<Span> {
  let start = 0;
  for (const { at, word, after, next } of lastOfEachWord(text)) {
    if (!holdsSentenceEnd(text.slice(word.start, at + 1) + after, sentenceModel())) continue;
    yield { start, end: at + 1 };
    start = next;
  }
  const trailing = text.length - (strip(`.${text}`).length - 1);
  yield { start, end: text.length - trailing };
}

/**
 * Splits English text into sentences with Punkt (Kiss and Strunk, Unsupervised Multilingual Sentence Boundary Detection,
 * 2006), NLTK's parameters and its treatment of closing quotation marks and brackets.
 */
export function splitSentences(text: string): string[] {
  const spans = [...roughSpans(text)];
  const sentences: string[] = [];
  let moved = 0;
  spans.forEach(({ start, end }, index) => {
    const from = start + moved;
    const next = spans[index + 1];
    const closed = next === undefined ? null : closing.exec(text.slice(next.start, next.end));
    moved = closed?.[0].length ?? 0;
    const until =
      closed === null || next === undefined ? end : next.start + strip(`.${closed[0]}`).length - 1;
    const sentence = text.slice(from, until);
    if (sentence !== '' || closed !== null) sentences.push(sentence);
  });
  return sentences;
}
