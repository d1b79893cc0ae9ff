import type { Preference } from './task';

/** A judge's verdict on two answers. */
export type Verdict = Preference | 'unparseable';

const verdicts: Readonly<Record<string, Verdict>> = {
  a: 'first',
  first: 'first',
  b: 'second',
  second: 'second',
  c: 'tie',
  tie: 'tie',
  refusal: 'refusal',
};

/** A verdict is "[[A]]", "[[B]]", "[[tie]]" (or "[[C]]") or "[[refusal]]", the last one in the text, or the single word. */
export function parseVerdict(text: string): Verdict {
  const marked = [...text.matchAll(/\[\[\s*([a-z]+)\s*\]\]/gi)].at(-1)?.[1];
  const word = marked ?? /^\s*([a-z]+)[.\s]*$/i.exec(text)?.[1] ?? '';
  const known = word.toLowerCase();
  return Object.hasOwn(verdicts, known) ? (verdicts[known] ?? 'unparseable') : 'unparseable';
}

/** The label that a verdict is: one that cannot be read is a refusal. */
export function preferenceOf(text: string): Preference {
  const verdict = parseVerdict(text);
  return verdict === 'unparseable' ? 'refusal' : verdict;
}
