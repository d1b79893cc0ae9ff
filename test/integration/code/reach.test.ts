import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { loadTasks } from '../../../app/definition/load-definition';
import { readCode } from '../../../code';
import type { CodeIdentity } from '../../../core/code';
import { temporaryFolder } from '../../support/temporary';

const dist = resolve(__dirname, '../../../dist/index.js');
const task = (score: string): string =>
  `defineTask({ name: 'x', metric: 'm', prompt: () => '', target: () => '', score: () => ({ score: ${score} }) })`;
const script = (lines: string, tasks = `[${task('grade()')}]`): string =>
  `import { defineTask } from 'budgetline';\n${lines}\nexport const tasks = ${tasks};`;

type Files = Readonly<Record<string, string>>;

describe('the user’s code that a grader reaches', () => {
  const folder = temporaryFolder();
  let copies = 0;

  async function read(files: Files, links: Files): Promise<CodeIdentity> {
    const place = folder.at(`copy-${++copies}`);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), text.replace('/PLACE', place));
    }
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(place, name));
    const entry = Object.keys(files).find((name) => name.startsWith('tasks.'))!;
    const { stackTraceLimit } = Error;
    // Node's default; test runners raise it.
    Error.stackTraceLimit = 10;
    const [found] = await loadTasks(join(place, entry));
    Error.stackTraceLimit = stackTraceLimit;
    return (await readCode(found?.code?.grading))?.identity ?? {};
  }

  /** Files with a number in the code, and links. */
  const cases: Record<string, [(value: number) => Files, Files?]> = {
    'by an import of the project’s package.json': [
      (value) => ({
        'package.json': '{ "name": "own", "imports": { "#grade": "./lib/grade.js" } }',
        'lib/grade.js': `exports.grade = () => ${value};`,
        'tasks.ts': script("import { grade } from '#grade';"),
      }),
    ],
    'by an import of package.json with a file for each kind of module': [
      (value) => ({
        'package.json':
          '{ "name": "own", "imports": { "#grade": { "import": "./lib/a.ts", "require": "./lib/b.ts" } } }',
        'lib/a.ts': `export const grade = () => ${value};`,
        'lib/b.ts': 'export const grade = () => 0;',
        'tasks.ts': script("import { grade } from '#grade';"),
      }),
    ],
    'in the index of a folder': [
      (value) => ({
        'lib/index.mts': `export const grade = () => ${value};`,
        'tasks.ts': script("import { grade } from './lib';"),
      }),
    ],
    'in a CommonJS index of a folder': [
      (value) => ({
        'lib/index.cts': `export const grade = () => ${value};`,
        'tasks.ts': script("import { grade } from './lib';"),
      }),
    ],
    'in a file with data of the same name': [
      (value) => ({
        'lib.ts': `export const grade = () => ${value};`,
        'lib.json': '{}',
        'tasks.ts': script("import { grade } from './lib';"),
      }),
    ],
    'by the own name of the project': [
      (value) => ({
        'package.json': '{ "name": "own", "exports": { "./grade": "./lib/grade.js" } }',
        'lib/grade.js': `exports.grade = () => ${value};`,
        'tasks.ts': script("import { grade } from 'own/grade';"),
      }),
    ],
    'in an ES module by an import for ES modules alone': [
      (value) => ({
        'package.json': '{ "name": "own", "imports": { "#grade": { "import": "./lib/grade.mjs" } } }',
        'lib/grade.mjs': `export const grade = () => ${value};`,
        'tasks.mjs': script("import { grade } from '#grade';").replace('budgetline', dist),
      }),
    ],
    'in a linked package for ES modules alone': [
      (value) => ({
        'other/package.json': '{ "name": "other", "exports": { "import": "./grade.mjs" } }',
        'other/grade.mjs': `export const grade = () => ${value};`,
        'node_modules/.keep': '',
        'tasks.mjs': script("import { grade } from 'other';").replace('budgetline', dist),
      }),
      { 'node_modules/other': '../other' },
    ],
    'in a folder with a package.json': [
      (value) => ({
        'lib/package.json': '{ "main": "grade.js" }',
        'lib/grade.js': `exports.grade = () => ${value};`,
        'tasks.ts': script("import { grade } from './lib';"),
      }),
    ],
    'in a file with a JavaScript sibling': [
      (value) => ({
        'grade.js': `exports.grade = () => ${value};`,
        'grade.ts': `export const grade = () => 1;`,
        'tasks.ts': script("import { grade } from './grade';"),
      }),
    ],
    'by a file URL': [
      (value) => ({
        'grade.mjs': `export const grade = () => ${value};`,
        'tasks.mjs': script(`import { grade } from 'file:///PLACE/grade.mjs';`).replace('budgetline', dist),
      }),
    ],
    'behind a link to a file': [
      (value) => ({
        'shared/score.ts': `export const score = ${value};`,
        'shared/grade.ts': "import { score } from './score';\nexport const grade = () => score;",
        'tasks.ts': script("import { grade } from './grade';"),
      }),
      { 'grade.ts': 'shared/grade.ts' },
    ],
    'in a loop without a block': [
      (value) => ({
        'tasks.ts': script(
          `const all: any[] = [];\nfor (const n of [${value}]) all.push(${task('n')});`,
          'all',
        ),
      }),
    ],
    'in a factory’s argument by map': [
      (value) => ({
        'tasks.ts': script(`const make = (n: number) => ${task('n')};`, `[${value}].map(make)`),
      }),
    ],
    'through a getter': [
      (value) => ({
        'tasks.ts': script(
          `const lib = { get task() { return ${task('this.n')}; }, n: ${value} };`,
          `[lib.task]`,
        ),
      }),
    ],
    'in a class with decorators': [
      (value) => ({
        'tasks.ts': script(
          `const by = (n: number) => (target: any, c: any) => class { n = n };\nconst Grader: any = by(${value})(class { n = 1 }, 0);\n`,
          `[${task('new Grader().n')}]`,
        ),
      }),
    ],
    'by a template import': [
      (value) => ({
        'grade.js': `exports.grade = () => ${value};`,
        'tasks.ts': script('const lib = require(`./grade`);', `[${task('lib.grade()')}]`),
      }),
    ],
    'by a default export': [
      (value) => ({
        'grade.ts': `const n = ${value};\nexport default () => n;`,
        'tasks.ts': script("import grade from './grade';"),
      }),
    ],
    'by a namespace export': [
      (value) => ({
        'grade.ts': `export const grade = () => ${value};`,
        'lib.ts': "export * as lib from './grade';",
        'tasks.ts': script("import { lib } from './lib';", `[${task('lib.grade()')}]`),
      }),
    ],
    'by a star export': [
      (value) => ({
        'grade.ts': `export const grade = () => ${value};`,
        'lib.ts': "export * from './grade';\nexport const grader = 1;",
        'tasks.ts': script("import { grade } from './lib';"),
      }),
    ],
    'in what wraps an export of CommonJS': [
      (value) => ({
        'grade.cjs': `const with_ = (f) => () => f() + ${value};\nfunction grade() { return 1; }\nexports.grade = with_(grade);`,
        'tasks.ts': script("import { grade } from './grade.cjs';"),
      }),
    ],
    'in an object of exports of CommonJS': [
      (value) => ({
        'grade.cjs': `function grade() { return 1; }\nmodule.exports = { grade: () => grade() + ${value} };`,
        'tasks.ts': script("import { grade } from './grade.cjs';"),
      }),
    ],
    'by exports of its own CommonJS module': [
      (value) => ({
        'tasks.cjs': `const { defineTask } = require('${dist}');\nexports.score = ${value};\nexports.tasks = [${task('exports.score')}];`,
      }),
    ],
    'by module.exports of its own CommonJS module': [
      (value) => ({
        'tasks.cjs': `const { defineTask } = require('${dist}');\nmodule.exports = { score: ${value} };\nmodule.exports.tasks = [${task('module.exports.score')}];`,
      }),
    ],
    'by a name that is exported from elsewhere, too': [
      (value) => ({
        'a.ts': `export const grade = () => ${value};`,
        'b.ts': 'export const other = () => 1;',
        'tasks.ts': script("import { grade } from './a';\nexport { other as grade } from './b';"),
      }),
    ],
    'in a call many calls further out': [
      (value) => ({
        'tasks.mjs': script(
          `const make = (depth, score) => (depth === 0 ? ${task('score')} : make(depth - 1, score));`,
          `[make(20, ${value})]`,
        ).replace('budgetline', dist),
      }),
    ],
    'through the task’s own prompt': [
      (value) => ({
        'tasks.ts': script(
          `const own: any = defineTask({ name: 'x', metric: 'm', prompt: () => '${value}', target: () => '', score(item) { return { score: this.prompt(item).length } } });`,
          `[own]`,
        ),
      }),
    ],
    'through the task’s own prompt by its name': [
      (value) => ({
        'tasks.ts': script(
          `const own: any = { name: 'x', metric: 'm', prompt: () => '${value}', target: () => '', score(item) { return { score: own.prompt(item).length }; } };`,
          `[defineTask(own)]`,
        ),
      }),
    ],
    'by createRequire': [
      (value) => ({
        'grade.cjs': `exports.grade = () => ${value};`,
        'tasks.mjs': script(
          "import { createRequire } from 'node:module';\nconst load = createRequire(import.meta.url);\nconst { grade } = load('./grade.cjs');",
        ).replace('budgetline', dist),
      }),
    ],
    'by module.require': [
      (value) => ({
        'grade.cjs': `exports.grade = () => ${value};`,
        'tasks.cjs': `const { defineTask } = require('${dist}');\nconst { grade } = module.require('./grade.cjs');\nexports.tasks = [${task('grade()')}];`,
      }),
    ],
  };

  for (const [what, [files, links = {}]] of Object.entries(cases))
    it(what, async () => {
      const [one, same, other] = [
        await read(files(1), links),
        await read(files(1), links),
        await read(files(2), links),
      ];
      assert.deepEqual(one, same);
      assert.notDeepEqual(one, other);
    });
});
