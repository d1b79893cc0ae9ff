import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { defineSweep, resolveDefinition, type SweepInput } from '../../../definitions';
import { planGrid } from '../../../planning';
import { syntheticDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';

const toy = resolvePath(__dirname, '..', '..', 'support', 'toys', 'scaled-llama.ts');

describe('a definition with a model family of its user', () => {
  const folder = temporaryFolder();
  const resolve = (change: Partial<SweepInput>) =>
    resolveDefinition(
      defineSweep({
        ...syntheticDefaults('grade-school-math'),
        ...{ name: 'own-family', annotator: 'clean', budgets: [4], sftFractions: [0.5] },
        ...{ evaluation: { items: 2, maxNewTokens: 8 } },
        ...change,
      }),
      { tasks: builtInTasks, baseDir: folder.path() },
    );
  const keysOf = async (change: Partial<SweepInput>): Promise<string[]> => {
    const { stages } = await planGrid(await resolve(change));
    return stages.map(({ stage }) => `${stage.title} ${stage.key}`);
  };

  before(() => {
    copyFileSync(toy, folder.at('toy.ts'));
    const changed = readFileSync(toy, 'utf8').replace('value: 0.5', 'value: 0.25');
    writeFileSync(folder.at('changed.ts'), changed);
  });

  it('has its code in the keys of all stages with the model, and not its path', async () => {
    const family = (module: string) => ({ family: { module, export: 'scaledLlama' } });
    const [none, toyKeys, moved, changed] = [
      await keysOf({}),
      await keysOf(family('toy.ts')),
      await keysOf(family('./toy.ts')),
      await keysOf(family('changed.ts')),
    ];
    assert.deepEqual(moved, toyKeys);
    const shared = toyKeys.filter((key) => none.includes(key));
    assert.ok(shared.length > 0 && shared.every((key) => key.includes('demonstrations by')), shared.join());
    assert.deepEqual(
      toyKeys.filter((key) => changed.includes(key)),
      shared,
    );
  });

  it('is refused if the file does not export a family', async () => {
    writeFileSync(folder.at('none.ts'), 'export const scaledLlama = 1;\n');
    await assert.rejects(resolve({ family: { module: 'none.ts', export: 'scaledLlama' } }), {
      code: 'DEFINITION_INVALID',
      message: /^family: .*none\.ts is not made by defineFamily/,
    });
    await assert.rejects(resolve({ family: { module: 'nowhere.ts', export: 'x' } }), {
      code: 'INPUT_MISSING',
      message: /family.*nowhere\.ts/,
    });
  });

  it('refuses LoRA targets that the model does not have', async () => {
    const { sft } = syntheticDefaults('grade-school-math');
    const lora = { rank: 2, alpha: 2, targetModules: ['q_proj', 'c_attn'] };
    await assert.rejects(resolve({ sft: { ...sft, lora } }), {
      code: 'DEFINITION_INVALID',
      message: /^sft\.lora\.targetModules: the model embedded has no linear layer "c_attn"; it has .*q_proj/,
    });
  });
});
