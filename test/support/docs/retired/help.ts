import { call } from '../../cli/executable';
import type { Finding } from './match';

const listed = /^ {2}([a-z][\w-]*)(?=[ |])/gm;
const option = /--[a-z][a-z-]*/g;

/** Options and texts of one page of help. A term of help ends where two spaces follow it. */
export function helpPage(command: string, help: string): Finding[] {
  const at = `budgetline ${command}`.trim();
  const options = (help.match(option) ?? []).map((text): Finding => ({
    at,
    places: ['name', 'part', 'field'],
    text,
  }));
  return [...options, { at, places: ['text'], text: help.replace(/\s+/g, ' ') }];
}

const commandsIn = (help: string): string[] => {
  const [, section = ''] = help.split('\nCommands:\n');
  return [...section.matchAll(listed)].map(([, name = '']) => name).filter((name) => name !== 'help');
};

async function helpOf(words: readonly string[]): Promise<Finding[]> {
  // `trainer` passes --help on to the training executable; `help trainer` is its own page.
  const [name] = words;
  const { stdout } = await call(
    words.length === 1 && name !== undefined ? ['help', name] : [...words, '--help'],
  );
  if (!stdout.startsWith(`Usage: budgetline ${words.join(' ')}`.trim()))
    throw new Error(`no help of "${words.join(' ')}"`);
  const findings = helpPage(words.join(' '), stdout);
  for (const command of commandsIn(stdout)) {
    findings.push({ at: words.join(' '), places: ['name', 'part'], text: command });
    findings.push(...(await helpOf([...words, command])));
  }
  return findings;
}

/** What `--help` prints of every command, and of the commands below it. */
export const wholeHelp = (): Promise<Finding[]> => helpOf([]);
