import { formatCount } from '../../report/format';

/** Width of all printed text, in characters. */
export const pageWidth = 100;

/** Width in a terminal: none of our characters is wider than one column. */
export function widthOf(text: string): number {
  return [...text].length;
}

export interface WrapOptions {
  /** Prefix of the first line. */
  readonly first?: string;
  /** Prefix of the other lines. Default: as many blanks as `first` has characters. */
  readonly rest?: string;
  readonly width?: number;
}

function takeLine(words: string[], room: number): string {
  let line = words.shift() ?? '';
  for (let next = words[0]; next !== undefined; next = words[0]) {
    if (widthOf(line) + 1 + widthOf(next) > room) break;
    line += ` ${next}`;
    words.shift();
  }
  return line;
}

/** Breaks a text between words. A word longer than a line, such as a path, is kept whole. */
export function wrap(text: string, options: WrapOptions = {}): string[] {
  const { first = '', width = pageWidth } = options;
  const rest = options.rest ?? ' '.repeat(widthOf(first));
  const words = text.split(/\s+/).filter((word) => word !== '');
  const lines = [first + takeLine(words, width - widthOf(first))];
  while (words.length > 0) lines.push(rest + takeLine(words, width - widthOf(rest)));
  return lines;
}

/** Truncates a text to one line. */
export function fit(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

export function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

export function padRight(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
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
