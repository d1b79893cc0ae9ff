import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { formatCount } from '../../report/format';

/** Width of all printed text, in columns of a terminal. */
export const pageWidth = 100;

export interface WrapOptions {
  /** Prefix of the first line. */
  readonly first?: string;
  /** Prefix of the other lines. Default: as many blanks as `first` has columns. */
  readonly rest?: string;
  readonly width?: number;
}

/** Breaks a text between words. A word longer than a line, such as a path, is kept whole. */
export function wrap(text: string, options: WrapOptions = {}): string[] {
  const { first = '', width = pageWidth } = options;
  const { rest = ' '.repeat(stringWidth(first)) } = options;
  const room = width - Math.max(stringWidth(first), stringWidth(rest));
  const lines = wrapAnsi(text.replaceAll(/\s+/g, ' '), room).split('\n');
  return lines.map((line, at) => (at === 0 ? first : rest) + line);
}

const graphemes = new Intl.Segmenter();

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

/** "1 row", "64 rows"; "batch" needs its plural. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** a; a and b; a, b and c. */
export function joinList(parts: readonly string[]): string {
  return parts.length < 2
    ? parts.join('')
    : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1] ?? ''}`;
}
