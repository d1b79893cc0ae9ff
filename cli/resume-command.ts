import { basename, relative } from 'node:path';

/** How this process was called. */
export interface Invocation {
  /** process.argv: interpreter, script, words. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Number of words in the npm script after the executable. npm appends the user's words to them. */
function scriptWords(script: string): number | undefined {
  const words = script.trim().split(/\s+/);
  const at = words.findIndex((word) => /(^|\/)(main\.js|budgetline)$/.test(word));
  return at < 0 ? undefined : words.length - at - 1;
}

function npmCommand({ argv, env }: Invocation): string[] | undefined {
  const event = env['npm_lifecycle_event'];
  const known = scriptWords(env['npm_lifecycle_script'] ?? '');
  if (event === undefined || event === 'npx' || known === undefined) return undefined;
  const added = argv.slice(2 + known);
  const call = event === 'start' ? ['npm', 'start'] : ['npm', 'run', event];
  return added.length === 0 ? call : [...call, '--', ...added];
}

function executableOf({ argv, env, cwd }: Invocation): string[] {
  const script = argv[1] ?? '';
  if (basename(script) === 'budgetline')
    return env['npm_command'] === 'exec' ? ['npx', 'budgetline'] : ['budgetline'];
  const path = relative(cwd, script);
  return ['node', path.startsWith('..') ? script : path];
}

/** A command of this executable, as the user would type it here. */
export function commandOf(words: readonly string[], invocation: Invocation): string {
  const home = invocation.env['BUDGETLINE_HOME'];
  const prefix = home === undefined || home === '' ? [] : [`BUDGETLINE_HOME=${quote(home)}`];
  return [...prefix, ...[...executableOf(invocation), ...words].map(quote)].join(' ');
}

/** The command that continues this process's work: the same command again. */
export function resumeCommand(invocation: Invocation): string {
  const { argv, env } = invocation;
  const npm = npmCommand(invocation);
  if (npm === undefined) return commandOf(argv.slice(2), invocation);
  const home = env['BUDGETLINE_HOME'];
  const prefix = home === undefined || home === '' ? [] : [`BUDGETLINE_HOME=${quote(home)}`];
  return [...prefix, ...npm.map(quote)].join(' ');
}
