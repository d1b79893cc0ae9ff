import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadTasks } from '../../../app/definition/load-definition';
import { readCode } from '../../../code';
import { type CodeIdentity, differingCode } from '../../../core/code';
import { builtInTasks } from '../../../workers';
import { type OwnTaskFile, writeOwnTask } from '../../support/own-task';
import { temporaryFolder } from '../../support/temporary';

type Edits = readonly (readonly [file: OwnTaskFile, from: string, to: string])[];
interface Found {
  readonly problems: CodeIdentity;
  readonly grading: CodeIdentity;
}

const dist = resolve(__dirname, '../../../dist/index.js');

describe('the user’s own code', () => {
  const folder = temporaryFolder();
  let copies = 0;

  async function readAt(file: string): Promise<Found> {
    const [task] = await loadTasks(file);
    const [problems, grading] = await Promise.all([task?.code?.problems, task?.code?.grading].map(readCode));
    return { problems: problems?.identity ?? {}, grading: grading?.identity ?? {} };
  }
  const read = (edits: Edits = []): Promise<Found> =>
    readAt(writeOwnTask(folder.at(`copy-${++copies}`), edits));
  async function readText(text: string): Promise<Found> {
    mkdirSync(folder.at(`copy-${++copies}`));
    writeFileSync(folder.at(`copy-${copies}`, 'tasks.ts'), text);
    return readAt(folder.at(`copy-${copies}`, 'tasks.ts'));
  }

  it('is what each part of a task can reach, by file, in any folder', async () => {
    const { problems, grading } = await read();
    assert.deepEqual(Object.keys(problems).sort(), ['lib/prompt.ts', 'task.ts']);
    assert.deepEqual(Object.keys(grading).sort(), ['lib/grade.ts', 'task.ts']);
    assert.deepEqual(await read(), { problems, grading });
  });

  /** Files of problems and of grading that an edit changes. */
  const edits: [string, Edits, { problems?: string; grading?: string }][] = [
    ['a grader in another module', [['lib/grade.ts', '####', '##']], { grading: 'lib/grade.ts' }],
    ['the grader itself', [['task.ts', 'item.pens *', '2 *']], { grading: 'task.ts' }],
    ['a prompt', [['lib/prompt.ts', 'How many', 'How much']], { problems: 'lib/prompt.ts' }],
    ['a generator', [['task.ts', 'draw(random, 24)', 'draw(random, 9)']], { problems: 'task.ts' }],
    ['what a generator calls', [['task.ts', '2 + Math', '3 + Math']], { problems: 'task.ts' }],
    ['a comment', [['lib/grade.ts', '// Correct', '// Is it correct? Correct']], {}],
    [
      'a type',
      [['task.ts', 'readonly price: number;', 'readonly price: number; readonly more?: string;']],
      {},
    ],
    ['a statement that nobody reaches', [['task.ts', 'unused = 1', 'unused = 2']], {}],
    ['a module that nobody imports', [['other.ts', '1', '2']], {}],
    ['a budget of the sweep', [['sweep.ts', '[8]', '[8, 16]']], {}],
  ];
  for (const [what, edit, expected] of edits)
    it(`of which ${what} changes ${Object.keys(expected).join() || 'nothing'}`, async () => {
      const [before, after] = [await read(), await read(edit)];
      for (const role of ['problems', 'grading'] as const) {
        const names = Object.keys(after[role]).filter((name) => after[role][name] !== before[role][name]);
        assert.deepEqual(names, expected[role] === undefined ? [] : [expected[role]], role);
      }
    });

  const loaders = {
    'a CommonJS module': [
      'tasks.cjs',
      "const { grade } = require('./grade.cjs');",
      'exports.grade =',
      'exports.tasks =',
    ],
    'an ES module': [
      'tasks.mjs',
      "import { grade } from './grade.mjs';",
      'export const grade =',
      'export const tasks =',
    ],
    'an import of TypeScript’s own': [
      'tasks.ts',
      "import lib = require('./grade.cjs');\nconst { grade } = lib;",
      'exports.grade =',
      'export const tasks =',
    ],
  } as const;
  for (const [what, [name, load, grade, tasks]] of Object.entries(loaders))
    it(`is found from ${what}`, async () => {
      const graders = /\.\/(grade\.\w+)/.exec(load)?.[1] ?? '';
      const write = (score: number): Promise<Found> => {
        const place = folder.at(`copy-${++copies}`);
        mkdirSync(place);
        writeFileSync(`${place}/${graders}`, `${grade} () => ({ score: ${score} });`);
        const budgetline = name.endsWith('cjs')
          ? `const { defineTask } = require('${dist}');`
          : `import { defineTask } from '${dist}';`;
        const task = `defineTask({ name: 'x', metric: 'm', prompt: () => '', target: () => '', score: () => grade() })`;
        writeFileSync(`${place}/${name}`, `${budgetline}\n${load}\n${tasks} [${task}];`);
        return readAt(`${place}/${name}`);
      };
      const [one, same, other] = [await write(1), await write(1), await write(0)];
      assert.deepEqual(one, same);
      assert.deepEqual(Object.keys(one.problems), [name]);
      assert.deepEqual(differingCode(one.grading, other.grading), [graders]);
    });

  it('has packages by version, and other files by their bytes', async () => {
    const place = folder.at(`copy-${copies + 1}`);
    mkdirSync(`${place}/node_modules/marks`, { recursive: true });
    const write = (version: string, data: string): string => {
      const meta = { name: 'marks', version, main: 'index.js' };
      writeFileSync(`${place}/node_modules/marks/package.json`, JSON.stringify(meta));
      writeFileSync(`${place}/node_modules/marks/index.js`, 'exports.mark = 1;');
      writeFileSync(`${place}/data.json`, data);
      return writeOwnTask(place, [
        [
          'lib/grade.ts',
          '// Correct',
          "import { mark } from 'marks';\nimport data from '../data.json';\n// Correct",
        ],
        ['lib/grade.ts', 'Number(', 'data.at * mark * Number('],
      ]);
    };
    const { grading, problems } = await readAt(write('1.2.3', '{ "at": 1 }'));
    copies += 1;
    assert.equal(grading['marks'], '1.2.3');
    assert.match(grading['data.json'] ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(Object.keys(problems).sort(), ['lib/prompt.ts', 'task.ts']);
  });

  it('of a task without defineTask is what the export reaches', async () => {
    const text = (grade: number, budget: number): string => `
      const score = ${grade};
      const coin = { name: 'coin', metric: 'm', fileNames: () => [], load: async () => ({}), annotators: [],
        gold: () => '', score: () => ({ score }) };
      export const tasks = [coin];
      export default { budgets: [${budget}] };`;
    const [one, same, other] = [
      await readText(text(1, 8)),
      await readText(text(1, 9)),
      await readText(text(2, 8)),
    ];
    assert.deepEqual(one, same);
    assert.notDeepEqual(one.grading, other.grading);
  });

  it('of a built-in task with a user’s function is what the export reaches', async () => {
    const text = (grade: number): string => `
      import { helpfulness, peopleAnnotator, withAnnotators } from 'budgetline';
      const score = ${grade};
      const people = peopleAnnotator({ name: 'people', description: 'Us.', folder: '/tmp' });
      const own = { ...helpfulness, score: () => ({ score }) };
      export const tasks = [withAnnotators(own, people), withAnnotators(helpfulness, people)];`;
    const [one, other] = [await readText(text(1)), await readText(text(2))];
    assert.notDeepEqual(one.grading, other.grading);
    const [, unchanged] = await loadTasks(folder.at(`copy-${copies}`, 'tasks.ts'));
    assert.equal(await readCode(unchanged?.code?.grading), undefined);
  });

  it('of a preference annotator is its program, or the prompt of its judge', async () => {
    const program = (prefers: string, description = 'Ours.'): string => `
      import { gradeSchoolMath, preferenceAnnotator, withPreferenceAnnotators } from 'budgetline';
      const shown = () => '${prefers}';
      const labels = preferenceAnnotator({ name: 'ours', description: '${description}', by: () => shown() });
      export const tasks = [withPreferenceAnnotators(gradeSchoolMath, labels)];`;
    const judge = (system: string, usd: number): string => `
      import { defineTask, endpointJudge, preferenceAnnotator } from 'budgetline';
      const labels = preferenceAnnotator({ name: 'ours', description: 'Ours.', by: endpointJudge({
        name: 'model', description: '', baseUrl: '', model: 'one', apiKeyVariable: '', spendLimitUsd: ${usd},
        prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 }, system: '${system}' }) });
      export const tasks = [defineTask({ name: 'x', metric: 'm', prompt: () => '', target: () => '',
        score: () => ({ score: 1 }), preferenceAnnotators: [labels] })];`;
    const readLabels = async (text: string) => {
      const { problems } = await readText(text);
      const [task] = await loadTasks(folder.at(`copy-${copies}`, 'tasks.ts'));
      const labels = await readCode(task?.preferenceAnnotators?.[0]?.code);
      return { problems, labels: labels?.identity ?? assert.fail('no code') };
    };
    const [first, same, second] = [
      await readLabels(program('first')),
      await readLabels(program('first', 'Mine.')),
      await readLabels(program('second')),
    ];
    assert.deepEqual(first, same);
    assert.notDeepEqual(first.labels, second.labels);
    const [brief, cheap, long] = [
      await readLabels(judge('Prefer brief ones.', 2)),
      await readLabels(judge('Prefer brief ones.', 1)),
      await readLabels(judge('Prefer long ones.', 2)),
    ];
    assert.deepEqual(brief, cheap);
    assert.notDeepEqual(brief.labels, long.labels);
    assert.deepEqual(brief.problems, long.problems, 'the task’s problems are the same');
  });

  it('is the version if the user sets one; the source is recorded too', async () => {
    const [task] = await loadTasks(
      writeOwnTask(folder.at(`copy-${++copies}`), [
        ['task.ts', "metric: 'accuracy',", "metric: 'accuracy', version: 3,"],
      ]),
    );
    const code = await readCode(task?.code?.grading);
    assert.deepEqual(code?.identity, { version: '3' });
    assert.deepEqual(Object.keys(code.source ?? {}).sort(), ['lib/grade.ts', 'task.ts']);
  });

  it('does not include the package’s own code', async () => {
    const origins = builtInTasks.flatMap(({ code, annotators }) => [
      ...[code?.problems, code?.grading],
      ...annotators.map((each) => each.code),
    ]);
    for (const origin of origins) assert.equal(await readCode(origin), undefined);
  });
});
