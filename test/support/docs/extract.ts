import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cli/executable';

/** A command or an option that a page names. */
export interface Mention {
  readonly page: string;
  readonly text: string;
}

const starts = /^(?:[A-Z_]+=\S+ )*(?:npx|npm|budgetline|node) /;
const fence = /```\w*\n([\s\S]*?)```/g;

/** README and all pages of docs/ but the log, which keeps old commands. */
export function pages(): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const files = docs.filter((name) => name.endsWith('.md') && name !== 'log.md');
  return ['README.md', ...files.map((name) => join('docs', name))];
}

/** Lines of code blocks, without comments, and texts between backticks. */
function codeIn(text: string): string[] {
  const blocks = [...text.matchAll(fence)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...text.replace(fence, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
  return [...blocks.map((line) => line.replace(/\s+#\s.*$/, '')), ...spans].map((code) =>
    code.replace(/\s+/g, ' ').trim(),
  );
}

function mentions(pattern: RegExp): Mention[] {
  const found = pages().flatMap((page) => {
    const code = codeIn(readFileSync(join(root, page), 'utf8'));
    return code.filter((text) => pattern.test(text)).map((text) => ({ page, text }));
  });
  return [...new Map(found.map((mention) => [mention.text, mention])).values()];
}

/** Commands that the pages name, each once. */
export const commandsInDocs = (): Mention[] => mentions(starts);

/** Options that are named alone, each once. */
export const optionsInDocs = (): Mention[] => mentions(/^--[a-z]/);
