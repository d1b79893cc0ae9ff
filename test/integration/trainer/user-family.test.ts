import assert from 'node:assert/strict';
import { join } from 'node:path';
import { jobBase } from '../../../conformance/kit';
import type { JobFamily } from '../../../schemas/trainer-job';
import { readSafetensors } from '../../../trainer/io/safetensors';
import { temporaryFolder } from '../../support/temporary';
import { makeToyModel, toyFamilyPath } from '../../support/toys/scaled-model';
import { generateJob, makeDemonstrations, makePrompts, sftJob } from '../../support/trainer/tiny-model';
import { eventsOf, readRows, runJob } from '../../support/trainer/trainer-process';

const family: JobFamily = { module: toyFamilyPath, export: 'scaledLlama', digest: '0'.repeat(64) };

describe('a family of the user', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  let base = '';
  let adapter = '';

  const weightsOf = (path: string) => readSafetensors(join(path, 'model.safetensors')).tensors;
  const run = async (job: Parameters<typeof runJob>[0]) => {
    const done = await runJob({ ...job, family });
    assert.equal(done.status, 0, done.stderr);
    return job.outputDir;
  };

  before(async () => {
    base = await makeToyModel(folder.at('toy'), family);
    const data = makeDemonstrations(folder.at('rows.jsonl'), 8);
    adapter = await run(sftJob(folder.path(), 'sft', { model: base, data }));
  });

  it('trains its own parameter, and is stored in its own layout', () => {
    const weights = weightsOf(base);
    const scale = weights.get('model.output_scale')!;
    assert.deepEqual(scale.dims, [32]);
    assert.ok(scale.data.every((x) => x > 0.3 && x < 0.7) && scale.data.some((x) => x !== 0.5));
    assert.deepEqual(weights.get('model.layers.0.mlp.down_proj.weight')!.dims, [64, 32], '[in, out]');
  });

  it('generates the same with an adapter and merged', async () => {
    const merge = { ...jobBase(folder.path(), 'merge'), command: 'merge', model: base, adapter } as const;
    const merged = await run(merge);
    const moved = 'model.layers.1.mlp.down_proj.weight';
    assert.deepEqual(weightsOf(merged).get(moved)!.dims, [64, 32]);
    assert.notDeepEqual(weightsOf(merged).get(moved), weightsOf(base).get(moved));
    const prompts = makePrompts(folder.at('prompts.jsonl'), 3);
    const generated = async (name: string, model: object) =>
      readRows(
        await run({ ...generateJob(folder.path(), name, { model: base, prompts }), ...model }),
        'generations.jsonl',
      );
    const rows = await generated('with-adapter', { adapter });
    assert.equal(rows.length, 6);
    assert.deepEqual(await generated('merged', { model: merged }), rows);
  });

  it('is needed to open the model', async () => {
    const { status, ...done } = await runJob({
      ...jobBase(folder.path(), 'without'),
      ...{ command: 'info', model: base },
    });
    assert.notEqual(status, 0);
    assert.match(eventsOf({ status, ...done }, 'error')[0]!.message, /"model_type" is "scaled_llama"; llama/);
  });

  it('is refused if the module does not export one', async () => {
    const done = await runJob({
      ...jobBase(folder.path(), 'wrong'),
      ...{ command: 'info', model: base, family: { ...family, export: 'other' } },
    });
    assert.equal(eventsOf(done, 'error')[0]!.code, 'CONFIG_INVALID');
    assert.match(eventsOf(done, 'error')[0]!.message, /Field "family": .* no export "other"/);
  });
});
