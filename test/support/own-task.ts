import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The files of a user's task in several modules, and of its sweep. */
export const ownTaskFiles = {
  'sweep.ts': `import { defineSweep, syntheticDefaults } from 'budgetline';
import { purchases } from './task';

export const tasks = [purchases];
export default defineSweep({
  ...syntheticDefaults('purchases'),
  name: 'own-code',
  data: { source: 'synthetic', pool: 32, validation: 2, test: 8 },
  budgets: [8],
  sftFractions: [1],
  sft: { ...syntheticDefaults('purchases').sft, epochs: 1 },
  evaluation: { items: 8, maxNewTokens: 8 },
  controls: [],
});
`,
  'task.ts': `import { defineTask } from 'budgetline';
import { scoreOf } from './lib/grade';
import { question } from './lib/prompt';

export interface Purchase {
  readonly pens: number;
  readonly price: number;
}

const unused = 1;
const draw = (random: () => number, most: number): number => 2 + Math.floor(random() * (most - 1));

export const purchases = defineTask<Purchase>({
  name: 'purchases',
  metric: 'accuracy',
  synthesize: (random) => ({ pens: draw(random, 24), price: draw(random, 24) }),
  prompt: question,
  target: ({ pens, price }) => String(pens * price),
  gold: ({ pens, price }) => \` \${pens}*\${price}=\${pens * price} #### \${pens * price}\`,
  score: (item, answer) => ({ score: scoreOf(item.pens * item.price, answer) }),
});
`,
  'lib/grade.ts': `// Correct if the last number is.
export const scoreOf = (expected: number, answer: string): number =>
  Number(/#### (\\d+)/.exec(answer)?.[1] === String(expected));
`,
  'lib/prompt.ts': `import type { Purchase } from '../task';

export const question = ({ pens, price }: Purchase): string =>
  \`Q: Ann buys \${pens} pens. Each is \${price}. How many?\\nA:\`;
`,
  'other.ts': `export const other = 1;
`,
} as const;
export type OwnTaskFile = keyof typeof ownTaskFiles;

/** Writes the task into a folder, with each given text replaced in its file; returns the path of the sweep. */
export function writeOwnTask(
  folder: string,
  edits: readonly (readonly [file: OwnTaskFile, from: string, to: string])[] = [],
): string {
  const files: Record<string, string> = { ...ownTaskFiles };
  for (const [file, from, to] of edits) {
    const text = files[file] ?? '';
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    files[file] = text.replace(from, () => to);
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return join(folder, 'sweep.ts');
}
