import assert from 'node:assert/strict';
import type { JobOf } from '../../../../schemas/trainer-job';
import { temporaryFolder } from '../../../support/temporary';
import {
  makeDemonstrations,
  makeModel,
  makePairs,
  preferenceJob,
  sftJob,
  training,
} from '../../../support/trainer/tiny-model';
import {
  eventsOf,
  killAt,
  readRows,
  runJob,
  writeRows,
  type TrainerRun,
} from '../../../support/trainer/trainer-process';

type Job = JobOf<'sft'> | JobOf<'preference'>;

/** 18 rows in batches of 4, twice. */
const stepsPerEpoch = 5;
const ends = [0, stepsPerEpoch, 2 * stepsPerEpoch];

/** Dropout, which acts in training steps only. */
const dropout = { ...training, lora: { ...training.lora!, dropout: 0.3 } };

const digestOf = (run: TrainerRun, name: string): string => {
  const [result] = eventsOf(run, 'result');
  assert.ok(result, `no result: ${run.stderr}`);
  const file = result.files.find(({ path }) => path === name);
  assert.ok(file, name);
  return file.sha256;
};

const heldOutMetrics = (run: TrainerRun, name: 'eval_loss' | 'eval_nll_loss') =>
  eventsOf(run, 'metric').filter(({ values }) => name in values);

describe('held-out rows', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let model = '';
  let heldOut = '';
  const jobs: Record<string, (name: string) => Job> = {};

  before(() => {
    model = makeModel(folder.at('model'));
    heldOut = makeDemonstrations(folder.at('held-out.jsonl'), 7);
    const data = makeDemonstrations(folder.at('demonstrations.jsonl'), 18);
    const pairs = makePairs(folder.at('pairs.jsonl'), 18);
    jobs['sft'] = (name) => ({
      ...sftJob(folder.path(), name, { model, data }),
      training: dropout,
      heldOut,
    });
    jobs['preference'] = (name) => ({
      ...preferenceJob(folder.path(), name, { reference: model, data: pairs }),
      training: { ...dropout, learningRate: 3e-4 },
      heldOut,
    });
  });

  /** Mean cross-entropy per token by the command "logprobs", with the adapter of a finished job or none. */
  async function meanLoss(name: string, adapter: string | null): Promise<number> {
    const { protocol, seed, plan, workDir, outputDir } = sftJob(folder.path(), name, {
      model,
      data: heldOut,
    });
    const shared = { protocol, id: name, seed, plan, workDir, outputDir };
    await runJob({
      ...shared,
      command: 'logprobs',
      model,
      adapter,
      data: heldOut,
      batchSize: 7,
      maxLength: training.maxLength,
    });
    const rows = readRows<{ logprob: number; tokens: number }>(outputDir, 'logprobs.jsonl');
    const sum = (of: 'logprob' | 'tokens'): number => rows.reduce((total, row) => total + row[of], 0);
    return -sum('logprob') / sum('tokens');
  }

  for (const [kind, name] of [
    ['sft', 'eval_loss'],
    ['preference', 'eval_nll_loss'],
  ] as const) {
    it(`${kind}: their loss before the first step and after each epoch`, async () => {
      const job = jobs[kind]!(`${kind}-scored`);
      const run = await runJob(job);
      const found = heldOutMetrics(run, name);
      assert.deepEqual(
        found.map(({ step, values: { epoch } }) => [step, epoch]),
        ends.map((step, epoch) => [step, epoch]),
      );
      const [start, , end] = found.map(({ values }) => values[name]!);
      assert.ok(Math.abs(start! - (await meanLoss(`${kind}-start`, null))) < 1e-5);
      assert.ok(Math.abs(end! - (await meanLoss(`${kind}-end`, job.outputDir))) < 1e-5);
      assert.notEqual(start, end);
      const logged = readRows<{ step: number; values: object }>(job.outputDir, 'metrics.jsonl');
      assert.deepEqual(
        logged.filter(({ values }) => name in values),
        found.map(({ step, values }) => ({ step, values })),
      );
      const { heldOutRows, heldOutLossStart, heldOutLoss } = eventsOf(run, 'result')[0]!.metrics;
      assert.deepEqual(
        { heldOutRows, heldOutLossStart, heldOutLoss },
        {
          heldOutRows: 7,
          heldOutLossStart: start,
          heldOutLoss: end,
        },
      );
    });

    it(`${kind}: they change no byte of the weights`, async () => {
      const file = 'adapter_model.safetensors';
      const without = await runJob({ ...jobs[kind]!(`${kind}-unscored`), heldOut: undefined });
      const scored = await runJob(jobs[kind]!(`${kind}-scored`));
      assert.equal(digestOf(without, file), digestOf(scored, file));
      assert.deepEqual(heldOutMetrics(without, name), []);
    });

    it(`${kind}: after a kill, epochs before the checkpoint are not scored again`, async () => {
      const job = jobs[kind]!(`${kind}-killed`);
      // The checkpoint of step 6 is after the first epoch.
      await runJob(job, { onEvent: killAt(8) });
      const resumed = await runJob(job);
      assert.deepEqual(
        heldOutMetrics(resumed, name).map(({ step }) => step),
        [2 * stepsPerEpoch],
      );
      const whole = await runJob(jobs[kind]!(`${kind}-scored`));
      for (const file of ['adapter_model.safetensors', 'metrics.jsonl'])
        assert.equal(digestOf(resumed, file), digestOf(whole, file), file);
      assert.deepEqual(eventsOf(resumed, 'result')[0]!.metrics, eventsOf(whole, 'result')[0]!.metrics);
    });
  }

  it('rows longer than maxLength are left out; where none fits, nothing is reported', async () => {
    const rows = readRows<{ prompt: string }>(folder.path(), 'held-out.jsonl');
    const long = { ...rows[0]!, prompt: 'Q: '.repeat(100) };
    const some = writeRows(folder.at('some.jsonl'), [long, ...rows]);
    const job = jobs['sft']!('sft-some');
    assert.equal(eventsOf(await runJob({ ...job, heldOut: some }), 'result')[0]!.metrics['heldOutRows'], 7);
    const none = await runJob({
      ...jobs['sft']!('sft-none'),
      heldOut: writeRows(folder.at('none.jsonl'), [long]),
    });
    assert.equal(none.status, 0, none.stderr);
    assert.deepEqual(heldOutMetrics(none, 'eval_loss'), []);
  });

  it('a wrong row is refused by file, line and field; other rows are another job', async () => {
    const wrong = writeRows(folder.at('wrong.jsonl'), [{ id: 'a', prompt: 'Q:', completion: '' }]);
    const refused = await runJob({ ...jobs['sft']!('sft-wrong'), heldOut: wrong });
    assert.equal(refused.status, 65);
    assert.match(refused.stderr, /wrong\.jsonl, line 1: field "completion"/);
    const job = jobs['sft']!('sft-changed');
    await runJob(job, { onEvent: killAt(4) });
    const changed = await runJob({ ...job, heldOut: makeDemonstrations(folder.at('other.jsonl'), 6) });
    assert.equal(changed.status, 78);
    assert.match(changed.stderr, /field "heldOut" differs/);
  });
});
