import { ownField } from '../../../core/names';
import { classes, escapePattern, lineEnd, lineStart, strip, stripCharacter } from '../../../text/characters';
import { type Check, countField, type InstructionFields, textField } from './fields';

const space = `[${classes.space}]`;

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

export function placeholders(fields: InstructionFields): Check {
  const least = countField(fields, 'num_placeholders');
  return (response) => countOf(response, /\[[^\n]*?\]/gu) >= least;
}

const asteriskItem = new RegExp(`${lineStart}${space}*\\*[^*][^\\n]*${lineEnd}`, 'gu');
const dashItem = new RegExp(`${lineStart}${space}*-[^\\n]*${lineEnd}`, 'gu');

export function bulletPoints(fields: InstructionFields): Check {
  const wanted = countField(fields, 'num_bullets');
  return (response) => countOf(response, asteriskItem) + countOf(response, dashItem) === wanted;
}

/** Text between asterisks; single and double are counted separately, as in the original. */
export function highlights(fields: InstructionFields): Check {
  const least = countField(fields, 'num_highlights');
  return (response) => {
    const single = response.match(/\*[^\n*]*\*/gu) ?? [];
    const double = response.match(/\*\*[^\n*]*\*\*/gu) ?? [];
    const full = [
      ...single.map((part) => stripCharacter(part, '*')),
      ...double.map((part) => part.slice(2, -2)),
    ];
    return full.filter((part) => strip(part) !== '').length >= least;
  };
}

export function sections(fields: InstructionFields): Check {
  const least = countField(fields, 'num_sections');
  const word = escapePattern(textField(fields, 'section_spliter').trim());
  const heading = new RegExp(`${space}?${word}${space}?\\p{Nd}+${space}?`, 'gu');
  return (response) => countOf(response, heading) >= least;
}

/** "P.S." and "P.P.S" with or without single spaces; any other marker literally. */
export function postscript(fields: InstructionFields): Check {
  const marker = textField(fields, 'postscript_marker').trim();
  const gap = `${space}?`;
  const known: Record<string, string> = { 'P.P.S': `p\\.${gap}p\\.${gap}s`, 'P.S.': `p\\.${gap}s\\.` };
  const pattern = new RegExp(ownField(known, marker) ?? escapePattern(marker.toLowerCase()), 'u');
  return (response) => pattern.test(response.toLowerCase());
}

export const hasTitle: Check = (response) =>
  (response.match(/<<[^\n]+>>/gu) ?? []).some(
    (title) => strip(title.replace(/^<+/, '').replace(/>+$/, '')) !== '',
  );

const options = ['My answer is yes.', 'My answer is no.', 'My answer is maybe.'];
export const isConstrained: Check = (response) => options.some((option) => response.includes(option));

/** Whether Python's json parses a text: it accepts NaN, Infinity and -Infinity. */
function isPythonJson(text: string): boolean {
  const numbers = text.replace(/"(?:[^"\\]|\\[^])*"|(?<![\w.+-])(?:NaN|-?Infinity)(?![\w.])/g, (part) =>
    part.startsWith('"') ? part : '0',
  );
  try {
    JSON.parse(numbers);
    return true;
  } catch {
    return false;
  }
}

/** The whole response is JSON, with or without a Markdown code block. */
export const isJson: Check = (response) => {
  const prefixes = ['```json', '```Json', '```JSON', '```'];
  const open = prefixes.reduce(
    (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text),
    strip(response),
  );
  return isPythonJson(strip(open.endsWith('```') ? open.slice(0, -3) : open));
};
