import assert from 'node:assert/strict';
import { temporaryFolder } from '../../../support/temporary';
import {
  makeDemonstrations,
  makeModel,
  makePairs,
  preferenceJob,
  sftJob,
} from '../../../support/trainer/tiny-model';
import { eventsOf, runJob, type TrainerRun } from '../../../support/trainer/trainer-process';

const lossesOf = (run: TrainerRun): number[] =>
  eventsOf(run, 'metric').map(({ values }) => values['loss'] ?? NaN);

describe('jobs with products in f16', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let model = '';
  before(() => {
    model = makeModel(folder.at('model'));
  });

  it('end with the weights of f32, within f16 precision', async () => {
    const data = makeDemonstrations(folder.at('demonstrations.jsonl'), 8);
    const wide = sftJob(folder.path(), 'wide', { model, data });
    const narrow = { ...sftJob(folder.path(), 'narrow', { model, data }) };
    narrow.training = { ...narrow.training, precision: 'f16' };
    const [expected, found] = [lossesOf(await runJob(wide)), lossesOf(await runJob(narrow))];
    assert.equal(found.length, expected.length);
    assert.notDeepEqual(found, expected);
    for (const [index, loss] of expected.entries())
      assert.ok(Math.abs(found[index]! - loss) < 5e-3 * loss, `step ${index + 1}: ${found[index]}, ${loss}`);
  });

  it('start at their own reference', async () => {
    const pairs = makePairs(folder.at('pairs.jsonl'), 8);
    const job = { ...preferenceJob(folder.path(), 'pairs', { reference: model, data: pairs }) };
    job.training = { ...job.training, precision: 'f16' };
    const run = await runJob(job);
    assert.equal(run.status, 0, run.stderr);
    assert.ok(Math.abs(lossesOf(run)[0]! - Math.LN2) < 1e-6);
  });
});
