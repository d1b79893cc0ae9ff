import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    const member = { path, export: 'pipeline', digest: '0'.repeat(64) };
    await assert.rejects(bundleWorkflows([member]), {
      code: 'DEFINITION_INVALID',
      message: /pipeline\.ts:2 imports "node:fs", which workflows cannot load/,
    });
  });
});
