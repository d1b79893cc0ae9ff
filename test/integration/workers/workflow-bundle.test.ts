import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BudgetlineError } from '../../../core/failures';
import { loadMember } from '../../../code/members';
import { pinDefinitionMembers } from '../../../definitions';
import { loadDefinition } from '../../../app';
import { bundleWorkflows } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';

const toys = join(__dirname, '..', '..', 'support', 'toys');

describe('the workflow bundle of a definition with modules of the user', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  const bundleOf = async (path: string, name = 'pipeline') => {
    const { pinned } = await loadMember({ module: path, export: name });
    return bundleWorkflows([pinned]);
  };

  it('has the pipeline and the rules of the stage kind, and not the activity', async () => {
    const { definition } = await loadDefinition(join(toys, 'sweep.ts'));
    const { code } = await bundleWorkflows(await pinDefinitionMembers(definition));
    const ids = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, id = '']) => id);
    const own = ids.filter((id) => id.includes('/toys/')).map((id) => id.split('/').at(-1));
    assert.deepEqual(own.sort(), ['best-of-n.ts', 'distillation.ts']);
  });

  it('refuses what a workflow cannot load, with file and line', async () => {
    const path = folder.at('pipeline.ts');
    writeFileSync(
      path,
      "\nimport { readFileSync } from 'node:fs';\nexport const pipeline = () => readFileSync('x');\n",
    );
    await assert.rejects(bundleOf(path), {
      code: 'DEFINITION_INVALID',
      message: /pipeline\.ts:2 imports "node:fs", which workflows cannot load/,
    });
  });

  it('has of a module only what the member reaches: a definition may be in the same file', async () => {
    const path = folder.at('one-file.ts');
    writeFileSync(
      path,
      `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
      const depth = 'of the pipeline';
      export const pipeline = () => depth;
      export default defineSweep({
        ...gradeSchoolMathDefaults,
        ...{ name: 'one-file', annotator: 'clean', budgets: [4], sftFractions: [1] },
      });`,
    );
    const { code } = await bundleOf(path);
    assert.match(code, /of the pipeline/);
    assert.doesNotMatch(code.slice(0, code.indexOf('//# sourceMappingURL')), /gradeSchoolMathDefaults/);
  });

  it('refuses a package that a workflow cannot load, by the user’s import that leads to it', async () => {
    const write = (name: string, text: string): void => {
      mkdirSync(folder.at('node_modules', name), { recursive: true });
      const meta = { name, version: '1.0.0', main: './lib/index.js' };
      writeFileSync(folder.at('node_modules', name, 'package.json'), JSON.stringify(meta));
      mkdirSync(folder.at('node_modules', name, 'lib'), { recursive: true });
      writeFileSync(folder.at('node_modules', name, 'lib', 'index.js'), "module.exports = require('./own');");
      writeFileSync(folder.at('node_modules', name, 'lib', 'own.js'), text);
    };
    write('shuffles', "exports.shuffle = require('@own/bytes');");
    write('@own/bytes', "exports.bytes = require('crypto').randomBytes;");
    const path = folder.at('packaged.ts');
    const text = "import { helper } from './helper';\nexport const pipeline = () => helper;\n";
    writeFileSync(path, text);
    writeFileSync(
      folder.at('helper.ts'),
      "\n\nimport { shuffle } from 'shuffles';\nexport const helper = shuffle;",
    );
    await assert.rejects(bundleOf(path), {
      code: 'DEFINITION_INVALID',
      message:
        /helper\.ts:3 imports "shuffles", which workflows cannot load: the package @own\/bytes imports "crypto"/,
    });
  });

  it('names the file of a module that it cannot load, with the reason', async () => {
    mkdirSync(folder.at('node_modules', 'half'), { recursive: true });
    writeFileSync(folder.at('node_modules', 'half', 'package.json'), '{"name":"half","version":"1.0.0"}');
    writeFileSync(folder.at('node_modules', 'half', 'index.js'), "exports.more = () => require('./absent');");
    const path = folder.at('incomplete.ts');
    writeFileSync(path, "import { more } from 'half';\nexport const pipeline = () => more;\n");
    await assert.rejects(bundleOf(path), (error: BudgetlineError) => {
      assert.equal(error.code, 'DEFINITION_INVALID');
      const place = folder.at('node_modules', 'half', 'index.js');
      assert.ok(error.message.startsWith(`The workflows cannot be bundled: ${place}:1: `), error.message);
      assert.match(error.message, /Can't resolve '\.\/absent'/);
      assert.match(error.remedy, /^Correct the module/);
      return true;
    });
  });

  it('registers the default of a CommonJS module, as planning does', async () => {
    writeFileSync(folder.at('common.cjs'), 'module.exports = async () => "common";\n');
    writeFileSync(
      folder.at('assigned.cts'),
      'const assigned = async (): Promise<number> => 1;\nexport = assigned;\n',
    );
    for (const name of ['common.cjs', 'assigned.cts']) await bundleOf(folder.at(name), 'default');
  });

  it('refuses an export that is undefined in workflows', async () => {
    const path = folder.at('absent.ts');
    writeFileSync(path, "export const pipeline = typeof process === 'undefined' ? undefined : () => 1;\n");
    await assert.rejects(bundleOf(path), {
      code: 'DEFINITION_INVALID',
      message: `${path} has no export "pipeline" in workflows.`,
    });
  });

  it('resolves and compiles users’ modules as planning does', async () => {
    const at = (name: string): string => folder.at('mixed', name);
    mkdirSync(at(''));
    const files = {
      'package.json': '{ "name": "mixed", "type": "module" }',
      'a.mts': 'export const a: string = "module a";',
      'b.tsx': 'export const b: string = "module b";',
      'c.cts': 'export const c: string = "module c";',
      'd.mjs': 'export const d = "module d";',
      'e.js': 'export const e = "module e of JavaScript";',
      'e.ts': 'export const e: string = "module e of TypeScript";',
      'main.mts': `import { a } from './a.mjs';
        import { b } from './b';
        import { c } from './c.cjs';
        import { d } from './d';
        import { e } from './e';
        export const pipeline = async (x: number): Promise<string[]> => [a, b, c, d, e];`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
    await bundleOf(at('e.js'), 'e');
    const { code } = await bundleOf(at('main.mts'));
    for (const name of ['a', 'b', 'c', 'd', 'e of JavaScript'])
      assert.match(code, new RegExp(`"module ${name}"`));
  });

  it('refuses a module that reads what workflows do not have, with file and line', async () => {
    const write = (name: string, value: string): string => {
      writeFileSync(
        folder.at(name),
        `\nexport const pipeline = () => value;\nconst value: unknown = ${value};\n`,
      );
      return folder.at(name);
    };
    const missing = [
      'process.env',
      'Buffer.from("a")',
      'structuredClone({})',
      '__dirname',
      'performance.now()',
    ];
    for (const [at, value] of missing.entries()) {
      const path = write(`missing-${at}.ts`, value);
      const [name = ''] = /^\w+/.exec(value) ?? [];
      await assert.rejects(bundleOf(path), {
        code: 'DEFINITION_INVALID',
        message: `${path}:3 fails in workflows: ReferenceError: ${name} is not defined`,
      });
    }
    const present =
      '[new URL("https://a.b"), new TextEncoder(), new AbortController(), Date.now(), Math.random()]';
    await bundleOf(write('present.ts', present));
  });

  it('refuses code that is not the pinned one, without running it', async () => {
    const path = folder.at('edited.ts');
    const write = (body: string): void => writeFileSync(path, `export const edited = () => ${body};\n`);
    write('1');
    const { pinned } = await loadMember({ module: path, export: 'edited' });
    write("2;\nthrow new Error('it ran')");
    const differs = {
      code: 'CODE_DIFFERS',
      message: /The code of "edited" in .* has changed since the run was planned/,
    };
    await assert.rejects(bundleWorkflows([pinned]), differs);
    await assert.rejects(bundleWorkflows([{ ...pinned, path: folder.at('gone.ts') }]), differs);
    write('1');
    assert.match((await bundleWorkflows([pinned])).digest, /^[0-9a-f]{64}$/);
  });
});
