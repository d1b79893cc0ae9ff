import stringWidth from 'string-width';

export { countOf, joinList } from '../../contracts/text';

/** Width of all printed text, in columns of a terminal. */
export const pageWidth = 100;

export interface WrapOptions {
  /** Prefix of the first line. */
  readonly first?: string;
  /** Prefix of the other lines. Default: as many blanks as `first` has columns. */
  readonly rest?: string;
  readonly width?: number;
}

/** Breaks a text between words, without a change of characters. A word longer than a line, such as a path, is kept whole. */
export function wrap(text: string, options: WrapOptions = {}): string[] {
  const { first = '', width = pageWidth } = options;
  const { rest = ' '.repeat(stringWidth(first)) } = options;
  const room = width - Math.max(stringWidth(first), stringWidth(rest));
  const [start = '', ...words] = text.trim().split(/\s+/);
  const lines = [start];
  for (const word of words) {
    const longer = `${lines.at(-1)!} ${word}`;
    if (stringWidth(longer) <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line, at) => (at === 0 ? first : rest) + line);
}

const graphemes = new Intl.Segmenter();

/** Breaks a text at the width, wherever that is, with every blank kept. */
export function wrapExact(text: string, { first = '', width = pageWidth }: WrapOptions = {}): string[] {
  const rest = ' '.repeat(stringWidth(first));
  const lines = [first];
  for (const { segment } of graphemes.segment(text)) {
    const longer = lines[lines.length - 1]! + segment;
    if (stringWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(rest + segment);
  }
  return lines;
}

/** Truncates a text to one line. */
export function fit(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (stringWidth(kept + segment) >= width) break;
    kept += segment;
  }
  return `${kept}…`;
}

export function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - stringWidth(text))) + text;
}

export function padRight(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}
