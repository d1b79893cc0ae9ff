import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import typescript from 'typescript';
import * as app from '../../../app';

const room = join(__dirname, '../../../app');

const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?function (\w+)/g;

/** The examples in the comments of exported functions, by function. */
function readExamples(): Map<string, string> {
  const files = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const found = files.flatMap((file) => [...readFileSync(join(room, file), 'utf8').matchAll(comment)]);
  const examples = found.flatMap(([, text = '', name = '']) => {
    const code = /```ts\n([\s\S]*?)```/.exec(text.replace(/^ *\* ?/gm, ''))?.[1];
    return code === undefined ? [] : [[name, code] as const];
  });
  return new Map(examples);
}

export const examples = readExamples();

type Run = (...values: unknown[]) => Promise<void>;
const { constructor: AsyncFunction } = Object.getPrototypeOf(runExample) as {
  constructor: new (...parts: string[]) => Run;
};

/** Runs the example of a function like a program, and returns what it printed: one line per call. */
export async function runExample(
  name: keyof typeof app,
  variables: Record<string, unknown> = {},
): Promise<string[]> {
  const printed: string[] = [];
  const console = { log: (...values: unknown[]) => void printed.push(values.map(String).join(' ')) };
  const names: Record<string, unknown> = { ...app, ...variables, console };
  const options = { compilerOptions: { target: typescript.ScriptTarget.ES2022 } };
  const { outputText } = typescript.transpileModule(`async () => {${examples.get(name) ?? ''}}`, options);
  const body = outputText.replace(/^async \(\) => \{|\};?\s*$/g, '');
  await new AsyncFunction(...Object.keys(names), body)(...Object.values(names));
  return printed;
}
