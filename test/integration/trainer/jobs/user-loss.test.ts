import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JobLoss } from '../../../../schemas/losses';
import type { JobOf } from '../../../../schemas/trainer-job';
import { temporaryFolder } from '../../../support/temporary';
import { makeModel, makePairs, preferenceJob } from '../../../support/trainer/tiny-model';
import { eventsOf, killAt, runJob } from '../../../support/trainer/trainer-process';

const toys = join(__dirname, '..', '..', '..', 'support', 'toys', 'losses.ts');
const digest = 'a'.repeat(64);
const margin = { module: toys, export: 'margin', digest, beta: 0.5, gamma: 0 };

describe('preference jobs with a user’s loss', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let reference = '';
  let pairs = '';
  before(() => {
    reference = makeModel(folder.at('model'));
    pairs = makePairs(folder.at('pairs.jsonl'), 8);
  });
  const make = (name: string, loss: JobLoss): JobOf<'preference'> => ({
    ...preferenceJob(folder.path(), name, { reference, data: pairs }),
    loss,
  });
  async function filesOf(job: JobOf<'preference'>) {
    const made = await runJob(job);
    assert.equal(made.status, 0, made.stderr);
    return eventsOf(made, 'result')[0]?.files;
  }

  it('write the bytes of a built-in loss with the same equation', async () => {
    const builtIn = await filesOf(make('built-in', { name: 'sigmoid', beta: 0.5 }));
    assert.deepEqual(await filesOf(make('own', margin)), builtIn);
    const sft = await filesOf(make('built-in-sft', { name: 'sigmoid', beta: 0.5, sftWeight: 0.5 }));
    assert.deepEqual(await filesOf(make('own-sft', { ...margin, sftWeight: 0.5 })), sft);
    assert.notDeepEqual(await filesOf(make('own-margin', { ...margin, gamma: 1 })), builtIn);
  });

  it('stay finite where a micro-batch has empty rows, for a loss that is not finite at 0', async () => {
    const six = makePairs(folder.at('six.jsonl'), 6);
    const lossesOf = async (microBatchSize: number): Promise<unknown[]> => {
      const job = make(`orpo-${microBatchSize}`, { module: toys, export: 'orpo', digest, beta: 0.5 });
      const made = await runJob({ ...job, data: six, plan: { ...job.plan, microBatchSize } });
      assert.equal(made.status, 0, made.stderr);
      return eventsOf(made, 'metric').map(({ values }) => values['loss']);
    };
    const [whole, parts] = [await lossesOf(4), await lossesOf(1)];
    assert.equal(whole.length, 4);
    for (const [at, loss] of whole.entries())
      assert.ok(
        Math.abs(Number(loss) - Number(parts[at])) < 1e-6,
        `${String(loss)} is not ${String(parts[at])}`,
      );
  });

  it('resume by the digest of the code, from any path', async () => {
    const whole = await filesOf(make('whole', margin));
    const job = make('killed', margin);
    await runJob(job, { onEvent: killAt(3) });
    mkdirSync(folder.at('elsewhere'));
    copyFileSync(toys, folder.at('elsewhere/losses.ts'));
    assert.deepEqual(
      await filesOf({ ...job, loss: { ...margin, module: folder.at('elsewhere/losses.ts') } }),
      whole,
    );
    const other = await runJob({ ...job, loss: { ...margin, digest: 'b'.repeat(64) } });
    assert.notEqual(other.status, 0);
  });

  it('are refused with CONFIG_INVALID, naming field, file and export', async () => {
    const refused = async (name: string, loss: JobLoss, words: RegExp): Promise<void> => {
      const [error] = eventsOf(await runJob(make(name, loss)), 'error');
      assert.deepEqual([error?.code, error?.details['field']], ['CONFIG_INVALID', 'loss']);
      assert.match(error?.message ?? '', words);
    };
    await refused('absent', { ...margin, export: 'absent' }, /losses\.ts has no export "absent"/);
    await refused('option', { ...margin, gamma: -1 }, /preference\.loss\.gamma/);
    await refused('undeclared', { ...margin, export: 'undeclared' }, /"margin" reads logRatio/);
    for (const name of ['failing', 'failingReward'])
      await refused(name, { ...margin, export: name }, /losses\.ts:\d+ fails: SyntaxError/);
  });
});
