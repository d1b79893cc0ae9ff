import { strict as assert } from 'node:assert';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { z } from 'zod';
import { failures } from '../../../core/failures';
import { experimentDefinition, sweepDefinition } from '../../../schemas/definition';
import { trainerEvent } from '../../../schemas/trainer-event';
import { root } from '../../support/cli/executable';
import { temporaryFolder } from '../../support/temporary';
import { fieldsOf } from '../../support/docs/retired/fields';
import { helpPage, wholeHelp } from '../../support/docs/retired/help';
import { retiredIn, type Finding } from '../../support/docs/retired/match';
import {
  allPages,
  glossaryPage,
  longLines,
  oddNumbers,
  pageFindings,
  retiredHeading,
} from '../../support/docs/retired/pages';
import { publicFindings } from '../../support/docs/retired/types';
import { formerTerms, retiredWords } from '../../support/docs/retired/words';

const retired = (findings: readonly Finding[]): string[] => retiredIn(findings, retiredWords);

function assertNone(found: readonly string[]): void {
  assert.ok(found.length === 0, [...new Set(found)].join('\n'));
}

const failureFindings = (table: Readonly<Record<string, { meaning: string; remedy: string }>>): Finding[] =>
  Object.entries(table).flatMap(([code, { meaning, remedy }]): Finding[] => [
    { at: code, places: ['name', 'part'], text: code },
    { at: code, places: ['text'], text: `${meaning} ${remedy}` },
  ]);

/** Names of metrics, as the trainer writes them: whole strings and keys of its source. */
function metricsIn(path: string, text: string): Finding[] {
  const found: Finding[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.push({ at: path, places: ['metric'], text: node.text });
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name))
      found.push({ at: path, places: ['metric'], text: node.name.text });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

function trainerMetrics(): Finding[] {
  const names = readdirSync(join(root, 'trainer'), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts')).map((name) => join('trainer', name));
  return files.flatMap((file) => metricsIn(file, readFileSync(join(root, file), 'utf8')));
}

const pagesFound = (read: (page: string, text: string) => readonly string[]): string[] =>
  allPages().flatMap(([page, text]) => read(page, text));

describe('retired words', function () {
  this.timeout(300_000);

  it('name no field and no value of a definition', () => {
    assertNone(retired([...fieldsOf('sweep', sweepDefinition), ...fieldsOf('cell', experimentDefinition)]));
  });

  it('are in no command, option or text of help', async () => {
    const help = await wholeHelp();
    assert.ok(
      help.some(({ at }) => at === 'budgetline audit explain'),
      'commands of commands are found',
    );
    assertNone(retired(help));
  });

  it('are in no public type, member or doc comment', () => {
    const found = publicFindings(['index.ts', 'workflows/compose.ts']);
    for (const name of ['defineSweep', 'batchSize', 'Task.name', 'createStages'])
      assert.ok(
        found.some(({ text }) => text === name),
        `${name} is found`,
      );
    assertNone(retired(found));
  });

  it('are in no event and no metric of the trainer', () => {
    const metrics = trainerMetrics();
    assert.ok(metrics.some(({ text }) => text === 'grad_norm'));
    assertNone(retired([...fieldsOf('event', trainerEvent), ...metrics]));
  });

  it('are in no error', () => {
    assertNone(retired(failureFindings(failures)));
  });

  it('are on no page', () => {
    assertNone(pagesFound((page, text) => retired(pageFindings(page, text))));
  });

  it('of the glossary are those of the list', () => {
    const [, table = ''] = readFileSync(join(root, glossaryPage), 'utf8').split(retiredHeading);
    const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].slice(1);
    assert.deepEqual(
      rows.map(([, old, now]) => [old, now]),
      formerTerms.map(({ old, now }) => [old, now]),
    );
  });
});

describe('lines and numbers of pages', () => {
  it('have at most 100 characters in prose', () => {
    assertNone(pagesFound(longLines));
  });

  it('are written 0.5 and 95%', () => {
    assertNone(pagesFound(oddNumbers));
  });
});

describe('the search for retired words', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();

  /** The retired words that are found, each once. */
  const wordsIn = (findings: readonly Finding[]): string[] =>
    [...new Set(retired(findings).map((line) => /"([^"]+)"/.exec(line)?.[1] ?? ''))].sort();

  it('finds fields and values in unions, lists, records and defaults', () => {
    const bad = z.object({
      data: z.discriminatedUnion('source', [
        z.object({ source: z.literal('twin') }),
        z.object({ source: z.literal('files'), clipNorm: z.number() }),
      ]),
      rows: z.array(z.object({ kind: z.enum(['thumbs', 'preferences']) })),
      axes: z.record(z.string(), z.object({ besideRows: z.number() })).optional(),
      strategy: z.string().default('grid'),
      spelled: z.object({ batchRows: z.number() }).transform(({ batchRows }) => batchRows),
      fine: z.object({ lrSchedule: z.string(), source: z.literal('synthetic') }),
    });
    const found = wordsIn(fieldsOf('bad', bad));
    assert.deepEqual(found, ['batch rows', 'beside', 'clip norm', 'strategy', 'thumbs', 'twin(s)']);
  });

  it('finds options and phrases in help, over the end of a line', () => {
    const page = [
      'Usage: budgetline bad [options]',
      '',
      'Options:',
      '  --low-budget <n>  4 unless',
      '                    told',
      '  --delta <n>       margin',
      '  --schedules       fine',
    ].join('\n');
    assert.deepEqual(wordsIn(helpPage('bad', page)), ['delta', 'low budget', 'told', 'unless told']);
  });

  it('finds exports, members, values and comments of types, wherever a type leads', () => {
    const files = {
      'public.ts': `
        import type { Schema } from './schemas/bad';
        import { inferred } from './inner';
        export type { Assessment } from './inner';
        export interface Fine { readonly schema: Schema; expected: number }
        export { inferred as cellHole };
        /** Nobody's own-correct answers. */
        export function create(how: 'thumbs' | 'pairs'): void { const twin = how; void twin; }
      `,
      'inner.ts': `
        export interface Assessment { readonly formatted: boolean }
        interface Deep {
          /** It is surely so. */
          readonly first: 1;
        }
        export const inferred = () => ({ deep: null as unknown as Deep });
        export interface Unused { readonly clipNorm: number }
      `,
      'schemas/bad.ts': `
        import { z } from 'zod';
        const schema = z.object({
          /** A checker. */
          maxRungs: z.number(),
          kind: z.enum(['own-wrong']),
        });
        export type Schema = z.infer<typeof schema>;
      `,
    };
    mkdirSync(folder.at('schemas'));
    for (const [name, text] of Object.entries(files)) writeFileSync(folder.at(name), text);
    symlinkSync(join(root, 'node_modules'), folder.at('node_modules'));
    assert.deepEqual(wordsIn(publicFindings(['public.ts'], folder.path())), [
      ...[
        'Assessment.formatted',
        'checker(s)',
        'hole(s)',
        'own correct',
        'own wrong',
        'rung(s)',
        'surely',
        'thumbs',
      ],
    ]);
  });

  it('finds metrics by the whole name, and words in errors', () => {
    const source = "export const values = { lr: 1, 'rewards/margin': 2, loss: 3, allrounder: 'lrs' };";
    assert.deepEqual(wordsIn(metricsIn('bad.ts', source)), ['lr', 'rewards/margin']);
    const table = { TWIN_LOST: { meaning: 'It stands elsewhere.', remedy: 'Look such as here.' } };
    assert.deepEqual(wordsIn(failureFindings(table)), ['stands', 'twin(s)']);
  });

  it('finds phrases over lines, and names in code; honest words pass', () => {
    const page = [
      'A schedule of a year, a window, the right side, such as this; strategy: none.',
      'The default is 4 unless',
      "told. See `strategy: 'adaptive'`, `--batch-rows` and `delta`.",
      '',
      '```ts',
      "export default { data: { source: 'twin' }, evaluation: { beside: [] } };",
      '```',
    ].join('\n');
    assert.deepEqual(wordsIn(pageFindings('bad.md', page)), [
      ...['batch rows', 'beside', 'delta', 'strategy', 'told', 'twin(s)', 'unless told'],
    ]);
  });

  it('finds long lines of prose, and odd numbers; tables, code and addresses may be long', () => {
    const long = 'word '.repeat(30);
    const link = `See [the page](https://example.org/${'a'.repeat(120)}).`;
    const page = [long, `| ${long} |`, '```', long, '.5 and 95 %', '```', link, 'A score of .5.', 'At 95 %.'];
    assert.deepEqual(longLines('bad.md', page.join('\n')), ['bad.md:1: 150 characters']);
    assert.equal(oddNumbers('bad.md', page.join('\n')).length, 2);
    assert.deepEqual(oddNumbers('fine.md', 'At 0.5, 95%, `.5`, version 1.2.3, file.5, … .'), []);
  });
});
