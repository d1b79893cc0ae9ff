import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import typescript from 'typescript';
import { loadDefinition, loadTasks, loadWorkerCode } from '../../../../app/definition/load-definition';
import { readCode } from '../../../../code';
import { loadUserModule } from '../../../../code/load';
import { loadMember } from '../../../../code/members';
import { BudgetlineError } from '../../../../core/failures';
import { temporaryFolder } from '../../../support/temporary';

const packageFolder = resolve(__dirname, '../../../..');
const built = createRequire(__filename)('../../../../dist/index.js') as { defineTask: unknown };

const sweep = (name: string): string =>
  `{ ...syntheticDefaults('two-step-math'), name: ${name}, budgets: [8], sftFractions: [1] }`;
const task = (score: string): string =>
  `defineTask({ name: 'x', metric: 'm', prompt: () => '', target: () => '', score: () => ({ score: ${score} }) })`;

const stripped = (text: string): string =>
  typescript.transpileModule(text, {
    compilerOptions: { target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.ES2022 },
  }).outputText;

type Files = Readonly<Record<string, string>>;

describe('loading a definition', () => {
  const folder = temporaryFolder();
  let copies = 0;

  /** Writes a project; returns its folder. */
  function write(files: Files): string {
    const place = folder.at(`copy-${++copies}`);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), text);
    }
    return place;
  }

  const esm = (type = ''): string =>
    `import { defineSweep, defineTask, syntheticDefaults } from 'budgetline';
import * as stages from 'budgetline/workflows';
import { own } from './own';
const name${type} = await Promise.resolve(typeof stages.createStages === 'function' ? own : 'no stages');
export const tasks = [${task('1')}];
export const same = defineTask;
export default defineSweep(${sweep('name')});`;
  const typed = esm(': string');
  const commonJs = `const { defineSweep, defineTask, syntheticDefaults } = require('budgetline');
const stages = require('budgetline/workflows');
const own = require('./own.json');
exports.tasks = [${task('1')}];
exports.same = defineTask;
exports.default = defineSweep(${sweep("typeof stages.createStages === 'function' ? own.name : 'no stages'")});`;
  const json = '{ "name": "own" }';
  const asModule = '{ "type": "module" }';
  const nearby = {
    'own.ts': "import data from './own.json';\nexport const own: string = data.name;",
    'own.json': json,
  };
  const projects: Record<string, Files> = {
    'sweep.ts': { 'sweep.ts': typed, ...nearby },
    'sweep.mts': { 'sweep.mts': typed, ...nearby },
    'sweep.cts': { 'sweep.cts': `${commonJs}\nconst unused: number = 1;`, ...nearby },
    'sweep.cjs': { 'sweep.cjs': commonJs, ...nearby },
    'sweep.js, CommonJS': { 'sweep.js': commonJs, ...nearby },
    'sweep.js, ES': { 'sweep.js': esm(), ...nearby },
    'sweep.mjs': { 'sweep.mjs': esm(), ...nearby },
    'sweep.ts of an ES project': { 'sweep.ts': typed, 'package.json': asModule, ...nearby },
    'sweep.js of an ES project': { 'sweep.js': esm(), 'package.json': asModule, ...nearby },
  };
  for (const [what, files] of Object.entries(projects))
    for (const installed of [false, true])
      it(`loads ${what}, where the package is ${installed ? '' : 'not '}installed`, async () => {
        const place = write(files);
        if (installed) {
          mkdirSync(join(place, 'node_modules'));
          symlinkSync(packageFolder, join(place, 'node_modules', 'budgetline'));
        }
        const path = join(place, Object.keys(files)[0]!);
        const { definition, tasks } = await loadDefinition(path);
        assert.equal(definition.name, 'own');
        assert.deepEqual(Object.keys((await readCode(tasks[0]?.code?.grading))?.identity ?? {}), [
          Object.keys(files)[0],
        ]);
        assert.equal((await loadUserModule(path))['same'], built.defineTask);
        const left = Object.keys(files).map((name) => name.split('/')[0]!);
        assert.deepEqual(readdirSync(place).sort(), [...left, ...(installed ? ['node_modules'] : [])].sort());
      });

  it('keeps no compiled files', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('jiti'));
    const place = write({ 'tasks.ts': 'export const tasks: unknown[] = [];', 'node_modules/x/index.js': '' });
    await loadTasks(join(place, 'tasks.ts'));
    assert.deepEqual(readdirSync(join(place, 'node_modules')), ['x']);
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith('jiti')),
      before,
    );
  });

  it('takes module.exports of CommonJS as the definition', async () => {
    const text = `const { defineSweep, syntheticDefaults } = require('budgetline');\nmodule.exports = `;
    const place = write({
      'sweep.cjs': `${text}defineSweep(${sweep("'own'")});`,
      'made.cjs': `${text}() => (${sweep("'own'")});`,
    });
    for (const name of ['sweep.cjs', 'made.cjs'])
      assert.equal((await loadDefinition(join(place, name))).definition.name, 'own');
  });

  it('takes the default export of a CommonJS module', async () => {
    const place = write({
      'grade.cjs': 'module.exports = (n) => n + 1;',
      'tasks.ts': "import grade from './grade.cjs';\nexport const two = grade(1);",
    });
    assert.equal((await loadUserModule(join(place, 'tasks.ts')))['two'], 2);
  });

  it('takes the names of module.exports', async () => {
    const place = write({ 'made.cjs': 'module.exports = { one: 1, two: () => 2 };' });
    assert.deepEqual(Object.keys(await loadUserModule(join(place, 'made.cjs'))), ['default', 'one', 'two']);
  });

  for (const name of ['tasks.ts', 'tasks.mjs', 'tasks.cjs'])
    it(`runs ${name} once if it throws`, async () => {
      const text = "globalThis.runs = (globalThis.runs ?? 0) + 1;\nthrow new Error('no');";
      const path = join(write({ [name]: text }), name);
      const counts = globalThis as { runs?: number };
      delete counts.runs;
      await assert.rejects(loadUserModule(path), /Error: no$/);
      assert.equal(counts.runs, 1);
    });

  it('follows the imports of a linked module', async () => {
    const place = write({
      'own/m.ts': "import { h } from './h';\nexport const m = h;",
      'own/h.ts': 'export const h = 1;',
    });
    symlinkSync(join(place, 'own/m.ts'), join(place, 'linked.ts'));
    const { member, code } = await loadMember({ module: join(place, 'linked.ts'), export: 'm' });
    assert.equal(member, 1);
    assert.deepEqual(Object.keys(code?.identity ?? {}), ['m.ts', 'h.ts']);
  });

  it('loads a member again once its file is corrected', async () => {
    const place = write({ 'm.ts': 'export const m = ;' });
    const load = () => loadMember({ module: join(place, 'm.ts'), export: 'm' });
    await assert.rejects(load(), /SyntaxError/);
    writeFileSync(join(place, 'm.ts'), 'export const m = 1;');
    assert.equal((await load()).member, 1);
    writeFileSync(join(place, 'm.ts'), 'export const m = 2;');
    await assert.rejects(load(), { code: 'CODE_DIFFERS' });
  });

  const pair = (first: string, second: string): string =>
    `const a = ${first}; const b = ${second}; export const tasks: unknown[] = [a, b];`;
  const places: Record<string, (value: number) => string> = {
    'in the first line': (value) =>
      `import { defineTask } from 'budgetline'; ${pair(task('0'), task(String(value)))}`,
    'after types in their line': (value) =>
      `import { defineTask } from 'budgetline';
interface Item { readonly n: number }
const n = (item: Item): number => (item satisfies Item).n as number; ${pair(task('n({ n: 0 })'), task(String(value)))}`,
    'over several lines': (value) =>
      `import { defineTask } from 'budgetline';
enum Size { Small, Large }
${pair(task('Size.Small'), task(String(value))).replaceAll(', ', ',\n  ')}`,
  };
  for (const [where, text] of Object.entries(places))
    for (const name of ['tasks.ts', 'tasks.mjs'])
      it(`finds each of two tasks ${where} of ${name}`, async () => {
        const read = async (value: number): Promise<unknown[]> => {
          const written = name === 'tasks.ts' ? text(value) : stripped(text(value));
          const tasks = await loadTasks(join(write({ [name]: written }), name));
          return Promise.all(tasks.map(async ({ code }) => (await readCode(code?.grading))?.identity[name]));
        };
        const [one, same, other] = [await read(1), await read(1), await read(2)];
        assert.deepEqual(one, same);
        assert.deepEqual(
          one.map((digest, at) => digest === other[at]),
          [true, false],
        );
      });

  const failures: Record<string, [Files, RegExp]> = {
    'a file that cannot be parsed': [
      { 'sweep.ts': 'const a = 1;\n\nexport default { a: 1, ;\n' },
      /sweep\.ts:3 cannot be loaded: SyntaxError: Unexpected token$/,
    ],
    'an ES module that cannot be parsed': [
      { 'sweep.mjs': 'const a = 1;\n\nexport default { a: 1, ;\n' },
      /sweep\.mjs:3 cannot be loaded: SyntaxError: Unexpected token$/,
    ],
    'an import that cannot be parsed': [
      { 'sweep.ts': "import { a } from './a';\nexport default a;", 'a.ts': 'export const a = ;' },
      /[/\\]a\.ts:1 cannot be loaded: SyntaxError: Unexpected token$/,
    ],
    'a file that throws': [
      { 'sweep.ts': 'interface A {\n  b?: { c: number };\n}\nconst a: A = {};\n\nexport default a.b.c;\n' },
      /sweep\.ts:6 cannot be loaded: TypeError: Cannot read properties of undefined \(reading 'c'\)$/,
    ],
    'an import that throws': [
      {
        'sweep.ts': "import { a } from './a';\nexport default a;",
        'a.ts': "\nexport const a: number = (() => {\n  throw new RangeError('no');\n})();",
      },
      /[/\\]a\.ts:3 cannot be loaded: RangeError: no$/,
    ],
    'a missing import': [
      { 'sweep.ts': "import './nothing';\nexport default {};" },
      /sweep\.ts:1 cannot be loaded: Error: Cannot find module '\.\/nothing'$/,
    ],
    'a missing import of an import': [
      { 'sweep.ts': "import './a';\nexport default {};", 'a.ts': "import './nothing';" },
      /[/\\]a\.ts:1 cannot be loaded: Error: Cannot find module '\.\/nothing'$/,
    ],
    'a module of Node that throws': [
      { 'sweep.ts': "\nexport default new URL('no');" },
      /sweep\.ts:2 cannot be loaded: TypeError: Invalid URL$/,
    ],
  };
  for (const [what, [files, expected]] of Object.entries(failures))
    it(`names the place of ${what}`, async () => {
      const path = join(write(files), Object.keys(files)[0]!);
      await assert.rejects(
        loadDefinition(path),
        (error: Error) => error instanceof BudgetlineError && expected.test(error.message),
      );
    });

  it('finds a worker’s tasks in a file without a sweep, and the members of a sweep', async () => {
    const written = task('1');
    const place = write({
      'tasks.cjs': `const { defineTask } = require('budgetline');\nexports.tasks = [${written}];`,
      'default.ts': `import { defineTask } from 'budgetline';\nexport const tasks = [${written}];\nexport default { colour: 1 };`,
      'made.ts': `import { defineTask } from 'budgetline';\nexport const tasks = [${written}];\nexport default () => { throw new Error('called'); };`,
    });
    for (const name of ['tasks.cjs', 'default.ts', 'made.ts']) {
      const { tasks, members } = await loadWorkerCode(join(place, name));
      assert.deepEqual([tasks.length, members], [1, []], name);
    }
    const toys = await loadWorkerCode(join(packageFolder, 'test', 'support', 'toys', 'sweep.ts'));
    assert.deepEqual(toys.members.map(({ export: name }) => name).sort(), ['bestOfN', 'distillation']);
  });

  it('passes on our own errors', async () => {
    const place = write({
      'sweep.ts': "import { defineSweep } from 'budgetline';\nexport default defineSweep({} as never);",
    });
    await assert.rejects(
      loadTasks(join(place, 'sweep.ts')),
      (error: Error) => error.name === 'BudgetlineError',
    );
  });
});
