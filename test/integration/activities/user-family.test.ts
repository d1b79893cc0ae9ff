import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync } from 'node:fs';
import { loadMember } from '../../../code/members';
import { modelDigest } from '../../../core/digest';
import { planCell } from '../../../planning';
import { createBench, resolveSmall, stageOf } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';
import { makeToyModel, toyFamilyPath } from '../../support/toys/scaled-model';

describe('stages with a model family of the user', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();

  it('run a cell, and refuse code that has changed since the plan', async () => {
    const module = folder.at('toy.ts');
    copyFileSync(toyFamilyPath, module);
    const { pinned: family } = await loadMember({ module, export: 'scaledLlama' });
    const model = await makeToyModel(folder.at('model'), {
      module,
      export: family.export,
      digest: family.digest,
    });
    const small = await resolveSmall(model);
    const digest = modelDigest(small.model.digest, family);
    const { stages } = await planCell({ ...small, model: { ...small.model, digest } });
    const bench = createBench(folder.at('home'), { family });
    for (const stage of stages) assert.equal((await bench.run(stage)).cached, false, stage.title);

    const sft = stageOf(stages, 'trainSft');
    appendFileSync(module, '\nscaledLlama.modelTypes.concat();\n');
    const failure = await bench.fail({ ...sft, key: '7'.repeat(64) });
    assert.equal(failure.type, 'CODE_DIFFERS', failure.message);
  });

  it('refuse a model that was planned without the family', async () => {
    const module = folder.at('toy.ts');
    const { pinned: family } = await loadMember({ module: toyFamilyPath, export: 'scaledLlama' });
    const model = await makeToyModel(folder.at('other'), {
      module,
      export: family.export,
      digest: family.digest,
    });
    const { stages } = await planCell(await resolveSmall(model));
    const bench = createBench(folder.at('home-2'), { family });
    await bench.run(stageOf(stages, 'synthesizeData'));
    const failure = await bench.fail(stageOf(stages, 'trainSft'));
    assert.equal(failure.type, 'DATA_INVALID', failure.message);
  });
});
