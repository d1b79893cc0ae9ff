import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadMember } from '../../../code/members';
import { pinDefinitionMembers } from '../../../definitions';
import { loadDefinition } from '../../../app';
import { bundleWorkflows } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';

const toys = join(__dirname, '..', '..', 'support', 'toys');

describe('pure: the workflow bundle of a definition with modules of the user', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

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
    const { pinned } = await loadMember({ module: path, export: 'pipeline' });
    await assert.rejects(bundleWorkflows([pinned]), {
      code: 'DEFINITION_INVALID',
      message: /pipeline\.ts:2 imports "node:fs", which workflows cannot load/,
    });
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
