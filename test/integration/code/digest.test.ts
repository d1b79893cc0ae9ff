import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCode } from '../../../code';
import { type CodeIdentity, originOfExport } from '../../../core/code';
import { temporaryFolder } from '../../support/temporary';

type Files = Readonly<Record<string, string>>;

describe('the digest of an export’s code', () => {
  const folder = temporaryFolder();
  let copies = 0;

  /** The code that the export "main" of main.ts reaches. */
  async function read(files: Files): Promise<CodeIdentity> {
    const place = folder.at(`copy-${++copies}`);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), text);
    }
    return (await readCode(originOfExport(join(place, 'main.ts'), 'main')))?.identity ?? {};
  }

  const others: Files = {
    'lib.ts': 'export const [low, high] = [0.1, 0.9];',
    'a.json': '{ "beta": 1 }',
    'b.json': '{ "beta": 2 }',
    'node_modules/d3/package.json': '{ "name": "d3", "version": "1.0.0" }',
  };
  const pairs: Readonly<Record<string, [one: string, other: string]>> = {
    'an import of another name': [
      "import { low as beta } from './lib';\nexport const main = () => beta;",
      "import { high as beta } from './lib';\nexport const main = () => beta;",
    ],
    'imports that are swapped': [
      "import { low as a, high as b } from './lib';\nexport const main = () => a / b;",
      "import { high as a, low as b } from './lib';\nexport const main = () => a / b;",
    ],
    're-export of another name': [
      "export { low as main } from './lib';",
      "export { high as main } from './lib';",
    ],
    'data that are swapped': [
      "import a from './a.json';\nimport b from './b.json';\nexport const main = () => a.beta / b.beta;",
      "import a from './b.json';\nimport b from './a.json';\nexport const main = () => a.beta / b.beta;",
    ],
    'another name of a package': [
      "import { mean as f } from 'd3';\nexport const main = f;",
      "import { median as f } from 'd3';\nexport const main = f;",
    ],
    'another file of a package': [
      "import f from 'd3/sum';\nexport const main = f;",
      "import f from 'd3/max';\nexport const main = f;",
    ],
    'a newline that ends a statement': [
      'export const main = () => {\n  return 1;\n};',
      'export const main = () => {\n  return\n1;\n};',
    ],
    'a newline that ends a member of a class': [
      'export class main {\n  async\n  run() {}\n}',
      'export class main {\n  async run() {}\n}',
    ],
    'another name of this package': [
      "import { warmStart as f } from 'budgetline/workflows';\nexport const main = f;",
      "import { allocationPipeline as f } from 'budgetline/workflows';\nexport const main = f;",
    ],
  };
  for (const [what, texts] of Object.entries(pairs))
    it(`covers ${what}`, async () => {
      const [one, other] = await Promise.all(texts.map((text) => read({ 'main.ts': text, ...others })));
      assert.deepEqual(Object.keys(one!).sort(), Object.keys(other!).sort());
      assert.notEqual(one!['main.ts'], other!['main.ts']);
    });

  it('does not depend on the folder, on how a path is written or on imports that are not reached', async () => {
    const text = (imports: string) => `${imports}\nexport const main = () => low;`;
    const one = await read({ 'main.ts': text("import { low } from './lib';"), ...others });
    const other = await read({ 'main.ts': text("import { low, high } from './lib.ts';"), ...others });
    assert.deepEqual(one, other);
  });
});
