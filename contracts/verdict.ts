/** A judge's verdict on two answers. */
export type Verdict = 'first' | 'second' | 'tie' | 'unparseable';

const verdicts: Readonly<Record<string, Verdict>> = {
  a: 'first',
  first: 'first',
  b: 'second',
  second: 'second',
  c: 'tie',
  tie: 'tie',
};

/** A verdict is "[[A]]", "[[B]]" or "[[tie]]" (or "[[C]]"), the last one in the text, or the single word. */
export function parseVerdict(text: string): Verdict {
  const marked = [...text.matchAll(/\[\[\s*([a-z]+)\s*\]\]/gi)].at(-1)?.[1];
  const word = marked ?? /^\s*([a-z]+)[.\s]*$/i.exec(text)?.[1] ?? '';
  const known = word.toLowerCase();
  return Object.hasOwn(verdicts, known) ? (verdicts[known] ?? 'unparseable') : 'unparseable';
}
