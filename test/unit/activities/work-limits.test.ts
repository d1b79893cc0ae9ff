import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { TrainerJob } from '../../../schemas/trainer-job';
import { workLimitsOf } from '../../../activities/trainer-process/work-limits';
import { temporaryFolder } from '../../support/temporary';
import { jobBase } from '../../../conformance/kit';
import { generateJob, preferenceJob, sftJob } from '../../support/trainer/tiny-model';

const minuteMs = 60_000;

describe('how long a trainer may be silent or compute one call', () => {
  const folder = temporaryFolder();

  /** A model with this many weights, by the header of its file alone. */
  function makeModel(parameters: number): string {
    const path = folder.at(String(parameters));
    mkdirSync(path, { recursive: true });
    const header = JSON.stringify({ weight: { dtype: 'F32', shape: [parameters], data_offsets: [0, 0] } });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(`${path}/model.safetensors`, Buffer.concat([length, Buffer.from(header)]));
    return path;
  }

  const jobsOf = (parameters: number) => {
    const model = makeModel(parameters);
    const generate = generateJob(folder.path(), 'job', { model, prompts: '/p' });
    const reference = { reference: model, data: '/d' };
    return {
      generate: { ...generate, batchSize: 64, maxPromptTokens: 1024, maxNewTokens: 1024 },
      sft: sftJob(folder.path(), 'job', { model, data: '/d' }),
      preference: preferenceJob(folder.path(), 'job', reference),
      merge: { ...jobBase(folder.path(), 'job'), command: 'merge', model, adapter: null },
    } as const satisfies Record<string, TrainerJob>;
  };

  /** More than any real job. */
  const extraOf = async (job: TrainerJob): Promise<number> =>
    (await workLimitsOf(job)).silenceMs - 5 * minuteMs;

  it('is hours for long answers of a model of 135 million weights, and short for tiny ones', async () => {
    const { generate } = jobsOf(134_515_008);
    assert.ok((await extraOf(generate)) > 60 * minuteMs, 'a batch of 64 answers of 1,024 tokens');
    const tiny = jobsOf(800_000);
    assert.ok((await extraOf({ ...tiny.generate, maxPromptTokens: 64, maxNewTokens: 64 })) < minuteMs);
    assert.equal(await extraOf(tiny.merge), 0);
  });

  it('grows with the weights, the tokens of a call and its rows', async () => {
    const [small, large] = [jobsOf(1_000_000), jobsOf(3_000_000)];
    const close = (found: number, needed: number) => assert.ok(Math.abs(found / needed - 1) < 1e-9);
    const before = await extraOf(small.generate);
    close(await extraOf(large.generate), 3 * before);
    close(await extraOf({ ...small.generate, batchSize: 128 }), 2 * before);
    close(await extraOf({ ...small.generate, maxNewTokens: 3072 }), 2 * before);
    close(await extraOf(small.preference), 2 * (await extraOf(small.sft)));
    const { training } = small.sft;
    const longer = { ...small.sft, training: { ...training, maxLength: 2 * training.maxLength } };
    close(await extraOf(longer), 2 * (await extraOf(small.sft)));
  });

  it('is shorter on a GPU, which runs eight steps per call', async () => {
    const { generate, sft } = jobsOf(8_000_000_000);
    const onGpu = <J extends TrainerJob>(job: J): J => ({ ...job, plan: { ...job.plan, device: 'cuda' } });
    const ratios = [generate, sft].map(
      async (job) => (await extraOf(onGpu<TrainerJob>(job))) / (await extraOf(job)),
    );
    assert.deepEqual(
      (await Promise.all(ratios)).map((ratio) => Number(ratio.toFixed(6))),
      [0.01, 0.08],
    );
  });

  it('follows the measured rate once there is one: ten times the longest call', async () => {
    const { generate, sft } = jobsOf(134_515_008);
    const minutes = async (job: TrainerJob, rate?: number): Promise<number> =>
      ((await workLimitsOf(job)).callMs(rate) - 5 * minuteMs) / minuteMs;
    const unmeasured = (await extraOf(generate)) / minuteMs;
    assert.equal(await minutes(generate), unmeasured);
    assert.equal(await minutes(generate, 0), unmeasured, 'a rate of 0 says nothing');
    // 64 answers of 1,024 tokens at 100 tokens a second take 655 s.
    assert.ok(Math.abs((await minutes(generate, 100)) - 6553.6 / 60) < 1e-9);
    const { batchSize, maxLength } = sft.training;
    assert.ok(Math.abs((await minutes(sft, 50)) - (10 * batchSize * maxLength) / 50 / 60) < 1e-9);
  });

  it('is five minutes without CPU time, or what is set; a GPU works without CPU time', async () => {
    const { generate } = jobsOf(134_515_008);
    assert.equal((await workLimitsOf(generate)).stallMs, 5 * minuteMs);
    const set = await workLimitsOf(generate, 1000);
    assert.deepEqual([set.stallMs, set.silenceMs], [1000, 1000]);
    assert.ok(set.callMs(undefined) > 60 * minuteMs, 'a call that computes is no stall');
    assert.equal((await workLimitsOf(generate, 1e9)).callMs(1000), 1e9);
    const onGpu = await workLimitsOf({ ...generate, plan: { ...generate.plan, device: 'cuda' } });
    assert.equal(onGpu.stallMs, onGpu.silenceMs);
  });
});
