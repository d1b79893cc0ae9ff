import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { assertLoadable, readSandboxCode } from '../../../code/sandbox';
import { temporaryFolder } from '../../support/temporary';

type Files = Readonly<Record<string, string>>;

describe('the code that an export can reach', () => {
  const folder = temporaryFolder();
  let copies = 0;

  function write(files: Files): string {
    const place = `copy-${++copies}`;
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(folder.at(place, name)), { recursive: true });
      writeFileSync(folder.at(place, name), text);
    }
    return folder.at(place);
  }

  /** Texts by file. The first file exports "main". */
  async function textsOf(files: Files): Promise<Record<string, string>> {
    const place = write(files);
    const [first = ''] = Object.keys(files);
    const { texts } = await readSandboxCode([{ path: `${place}/${first}`, export: 'main' }]);
    const named = Object.entries(texts).map(([path, text]) => [path.slice(place.length + 1), text] as const);
    return Object.fromEntries(named);
  }

  async function linesOf(text: string, others: Files = {}): Promise<string[]> {
    const { 'main.ts': kept = '' } = await textsOf({ 'main.ts': text, ...others });
    return kept.split('\n');
  }

  async function assertRefused(text: string, place: RegExp | undefined, others: Files = {}): Promise<void> {
    const path = `${write({ 'main.ts': text, ...others })}/main.ts`;
    const code = await readSandboxCode([{ path, export: 'main' }]);
    if (place === undefined) assertLoadable(code);
    else assert.throws(() => assertLoadable(code), { code: 'DEFINITION_INVALID', message: place });
  }

  it('keeps lines and columns', async () => {
    const lines = await linesOf(
      [
        '/* a comment */ const rows = 2; const unused = 3; const more = 4;',
        '// another comment',
        'export const main = () => rows + more;',
        'export default { rows, unused };',
      ].join('\n'),
    );
    assert.deepEqual(lines, [
      `${' '.repeat(16)}const rows = 2;${' '.repeat(19)}const more = 4;`,
      '',
      'export const main = () => rows + more;',
    ]);
  });

  it('has what a class, an enum and a function refer to', async () => {
    const lines = await linesOf(
      [
        'enum Size { Small = 8 }',
        'enum Other { A }',
        'class Base { size = Size.Small; }',
        'class Derived extends Base {}',
        'class Unused extends Derived {}',
        'function other() { return new Unused(); }',
        'export function main() { return new Derived(); }',
      ].join('\n'),
    );
    assert.deepEqual(
      lines.map((line) => line.slice(0, 15)),
      ['enum Size { Sma', '', 'class Base { si', 'class Derived e', '', '', 'export function'],
    );
  });

  it('keeps an effect of the module, and what it refers to', async () => {
    const lines = await linesOf('const a = 1;\nconst b = 2;\nglobalThis.a = a;\nexport const main = 0;');
    assert.deepEqual(lines, ['const a = 1;', '', 'globalThis.a = a;', 'export const main = 0;']);
  });

  it('keeps statements apart that have no semicolon', async () => {
    const lines = await linesOf('export const main = 1\nconst unused = 2\n;[1].map(Number)');
    assert.deepEqual(lines, ['export const main = 1;', '', ' [1].map(Number)']);
  });

  it('has of a list of exports what is reached', async () => {
    const text = 'const a = 1;\nconst b = 2;\nconst c = 3;\nexport { a as main, b as second, c, };';
    assert.deepEqual(await linesOf(text), ['const a = 1;', '', '', `export { a as main,${' '.repeat(17)}};`]);
    const plain = 'const main = 1;\nconst b = 2;\nexport { b, main };';
    assert.deepEqual(await linesOf(plain), ['const main = 1;', '', 'export {    main };']);
  });

  it('follows exports of other modules, and leaves out the rest of them', async () => {
    const texts = await textsOf({
      'main.ts': "export { rows as main, other } from './lib';\nexport * from './all';",
      'lib.ts': "import { base } from './base';\nexport const rows = base;\nexport const other = 1;",
      'base.ts': 'const base = 1;\nexport { base };\nexport default base;',
      'all.ts': "import { readFileSync } from 'node:fs';\nexport const all = readFileSync;",
    });
    assert.deepEqual(texts, {
      'main.ts': "export { rows as main,       } from './lib';\nexport * from './all';",
      'lib.ts': "import { base } from './base';\nexport const rows = base;",
      'base.ts': 'const base = 1;\nexport { base };',
      'all.ts': "import { readFileSync } from 'node:fs';\nexport const all = readFileSync;",
    });
  });

  it('has a default export', async () => {
    const texts = await textsOf({
      'main.ts': "import lib from './lib';\nexport const main = () => lib();",
      'lib.ts': 'export const other = 1;\nexport default function () { return 2; }',
    });
    assert.equal(texts['lib.ts'], '\nexport default function () { return 2; }');
  });

  it('has exports of CommonJS', async () => {
    const texts = await textsOf({
      'main.cjs':
        "const fs = require('node:fs');\nexports.main = exports.base + 1;\nexports.base = 1;\nexports.other = fs;",
    });
    assert.deepEqual(texts, { 'main.cjs': '\nexports.main = exports.base + 1;\nexports.base = 1;' });
  });

  const runs: Readonly<Record<string, [text: string, others?: Files]>> = {
    'calls a function that changes it': [
      'let epochs = 1;\nconst set = (n) => (epochs = n);\nconst done = set(3);\nexport const main = () => epochs;',
    ],
    'makes an object that changes it': [
      'let epochs = 1;\nclass Set { constructor() { epochs++; } }\nconst done = new Set();\nexport const main = () => epochs;',
    ],
    'changes it by a callback': [
      'let epochs = 1;\n\nconst done = [3].map((n) => (epochs = n));\nexport const main = () => epochs;',
    ],
    'adds to it': [
      'const all = [];\nconst add = (n) => all.push(n);\nconst done = add(3);\nexport const main = () => all;',
    ],
    'calls another module': [
      "import { state, set } from './state';\n\nexport const done = set(3);\nexport const main = () => state;",
      { 'state.ts': 'export let state = 1;\nexport function set(n) { state = n; }' },
    ],
  };
  for (const [what, [text, others]] of Object.entries(runs))
    it(`keeps a declaration that runs and affects what is reached: it ${what}`, async () => {
      assert.equal((await linesOf(text, others))[2], text.split('\n')[2]);
    });

  it('leaves out declarations that change nothing that is reached', async () => {
    const text = [
      'let rows = 1;',
      'let other = 1;',
      'const set = (n) => (other = n);',
      'const double = (n) => 2 * n;',
      'const done = [set(3), double(rows)];',
      'const change = () => (rows = 2);',
      'export const task = defineTask({ score: () => (rows = 3), rows: double(2) });',
      'export const main = () => double(rows);',
    ];
    assert.deepEqual(await linesOf(text.join('\n')), [text[0], '', '', text[3], '', '', '', text[7]]);
  });

  const fs = "import { readFileSync } from 'node:fs';\n";
  const loadable: Readonly<Record<string, string>> = {
    'of a definition in the same file': `import { defineSweep } from 'budgetline';\nexport const main = 1;\nexport default defineSweep({ main });`,
    'of a type': "import type { Pipeline } from 'budgetline';\nexport const main: Pipeline = 1;",
    'of a name that is used as a type':
      "import { Pipeline } from 'budgetline';\nexport const main = (1 as unknown) as Pipeline satisfies Pipeline;",
    'of a type in a list':
      "import { type Pipeline, defineSweep } from 'budgetline';\nexport const main: Pipeline = 1;\nvoid 0;",
    'of an implemented interface':
      "import { Task } from 'budgetline';\nexport class main implements Task { a?: Task; }",
    'of a name that a property has': `${fs}export const main = { readFileSync: 1 }.readFileSync;`,
    'of a name that a method has': `${fs}export class main { readFileSync() {} }`,
    'of a type by require': "import type fs = require('node:fs');\nexport const main = 1 as fs;",
    'of helpers': "import { stageSeed } from 'budgetline/workflows';\nexport const main = stageSeed;",
    'of what Temporal provides': "import assert from 'node:assert';\nexport const main = assert;",
  };
  for (const [what, text] of Object.entries(loadable))
    it(`does not refuse an import ${what}`, () => assertRefused(text, undefined));

  const refused: Readonly<Record<string, [text: string, place: RegExp]>> = {
    'of Node': [`\n${fs}export const main = readFileSync;`, /main\.ts:2 imports "node:fs", which workflows/],
    'of Node without the prefix': ["import * as fs from 'fs';\nexport const main = fs;", /main\.ts:1 .*"fs"/],
    'whose name is on a later line': [
      "const text = 'node:fs';\nimport {\n  readFileSync,\n} from 'node:fs';\nexport const main = [readFileSync, text];",
      /main\.ts:4 imports "node:fs"/,
    ],
    'of this package': [
      "import { defineTask } from 'budgetline';\nexport const main = () => defineTask;",
      /main\.ts:1 imports "budgetline"/,
    ],
    'for its effect': ["export const main = 1;\nimport 'node:fs';", /main\.ts:2 imports "node:fs"/],
    'when it runs': ["export const main = () =>\n  import('node:fs');", /main\.ts:2 imports "node:fs"/],
    'by require': ["export const main = () =>\n  require('node:fs');", /main\.ts:2 imports "node:fs"/],
    'of a shorthand property': [`${fs}export const main = { readFileSync };`, /main\.ts:1 .*"node:fs"/],
    'of a superclass': [
      "import { EventEmitter } from 'node:events';\nexport class main extends EventEmitter {}",
      /main\.ts:1 imports "node:events"/,
    ],
    're-exported': ["export { readFileSync as main } from 'node:fs';", /main\.ts:1 imports "node:fs"/],
    're-exported with all others': [
      "export const main = 1;\nexport * from 'node:fs';",
      /main\.ts:2 .*"node:fs"/,
    ],
  };
  for (const [what, [text, place]] of Object.entries(refused))
    it(`refuses an import ${what}`, () => assertRefused(text, place));

  const own = "import { defineTask } from 'budgetline';\n";
  const needs = 'runs whenever the module is loaded, and needs "budgetline", which workflows cannot load';
  it('names the statement that alone needs an import', async () => {
    await assertRefused(
      `${own}export const main = 1;\n\ndefineTask({});`,
      new RegExp(`main\\.ts:4 ${needs}`),
    );
    const commonJs = "const { defineTask } = require('budgetline');\nconst main = 1;\n";
    await assertRefused(`${commonJs}module.exports = { main, x: defineTask };`, new RegExp(`:3 ${needs}`));
    await assertRefused(
      "import { run } from './lib';\nexport const main = 1;\nrun();",
      new RegExp(`main\\.ts:3 ${needs}`),
      { 'lib.ts': `${own}export const run = () => defineTask;` },
    );
  });

  it('names the import where the export needs it too', () =>
    assertRefused(
      `${own}const make = () => defineTask({});\nmake();\nexport const main = () => make();`,
      /main\.ts:1 imports "budgetline"/,
    ));

  it('refuses an import of a module that it loads, in that module', () =>
    assertRefused("import { lib } from './lib';\nexport const main = lib;", /lib\.ts:1 imports "node:fs"/, {
      'lib.ts': `${fs}export const lib = readFileSync;`,
    }));
});
