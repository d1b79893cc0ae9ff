import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../cli/executable';
import { pages } from '../extract';
import type { Finding } from './match';

export const glossaryPage = join('docs', 'reference', 'glossary.md');
export const retiredHeading = '## Retired words';

interface Line {
  readonly at: string;
  readonly text: string;
  readonly isCode: boolean;
}

function linesOf(page: string, text: string): Line[] {
  let isCode = false;
  return text.split('\n').map((line, at) => {
    const fence = line.startsWith('```');
    if (fence) isCode = !isCode;
    return { at: `${page}:${at + 1}`, text: line, isCode: isCode || fence };
  });
}

const codeOf = ({ text, isCode }: Line): string[] =>
  isCode ? [text] : [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

function namesIn(at: string, code: string): Finding[] {
  const names = (code.match(/[\p{L}_][\p{L}\d_-]*/gu) ?? []).map((text): Finding => ({
    at,
    places: ['name', 'part'],
    text,
  }));
  const fields = [...code.matchAll(/([A-Za-z]\w*)'?:/g), ...code.matchAll(/^([a-z]\w*)$/g)].map(
    ([, text = '']): Finding => ({ at, places: ['field', 'metric'], text }),
  );
  return [...names, ...fields];
}

/**
 * A page's text, paragraph by paragraph, since a phrase may go over the end of a line; and the names in its code. Numbers
 * of prose are written 0.5 and 95%.
 */
export function pageFindings(page: string, text: string): Finding[] {
  const lines = linesOf(page, text);
  const paragraphs: Line[] = [];
  for (const [at, line] of lines.entries()) {
    const before = lines[at - 1];
    const last = paragraphs.at(-1);
    if (last !== undefined && before !== undefined && before.text !== '' && line.text !== '' && !line.isCode)
      paragraphs[paragraphs.length - 1] = { ...last, text: `${last.text} ${line.text.trim()}` };
    else paragraphs.push(line);
  }
  return [
    ...paragraphs.map(({ at, text: prose }): Finding => ({ at, places: ['text'], text: prose })),
    ...lines.flatMap((line) => codeOf(line).flatMap((code) => namesIn(line.at, code))),
  ];
}

const withoutCode = (line: string): string => line.replace(/`[^`]*`/g, '');

/** Numbers of prose that are not written 0.5 and 95%. */
export const oddNumbers = (page: string, text: string): string[] =>
  linesOf(page, text)
    .filter(({ isCode, text: line }) => !isCode && /(?<![\w.)\]])\.\d|\d %/.test(withoutCode(line)))
    .map(({ at, text: line }) => `${at}: write 0.5 and 95%: ${line.trim()}`);

/** Lines of prose above 100 characters. Tables, code and addresses may be longer. */
export const longLines = (page: string, text: string): string[] =>
  linesOf(page, text)
    .filter(({ isCode, text: line }) => !isCode && !line.startsWith('|'))
    .filter(({ text: line }) => line.replace(/\]\([^)]*\)|https?:\/\/\S+/g, ']').length > 100)
    .map(({ at, text: line }) => `${at}: ${line.length} characters`);

/** Every page of README and docs by its name; of the glossary, all but its table of retired words. */
export const allPages = (): [string, string][] =>
  pages().map((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    return [page, page === glossaryPage ? (text.split(retiredHeading)[0] ?? '') : text];
  });
