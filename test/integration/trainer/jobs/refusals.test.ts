import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobBase } from '../../../../conformance/kit';
import type { TrainerJob } from '../../../../schemas/trainer-job';
import { writeSynced } from '../../../../trainer/io/files';
import { temporaryFolder } from '../../../support/temporary';
import {
  copyModel,
  generateJob,
  makeDemonstrations,
  makeModel,
  makePairs,
  makePrompts,
  preferenceJob,
  rowLengths,
  sftJob,
} from '../../../support/trainer/tiny-model';
import {
  eventsOf,
  runJob,
  runTrainer,
  writeRows,
  type TrainerRun,
} from '../../../support/trainer/trainer-process';

function assertRefused(run: TrainerRun, expected: { status: number; code: string; says: RegExp }): void {
  const last = run.events.at(-1);
  assert.ok(last?.event === 'error', run.stderr);
  assert.deepEqual({ status: run.status, code: last.code }, { status: expected.status, code: expected.code });
  assert.match(last.message, expected.says);
  assert.ok(last.remedy.length > 0);
}

describe('what the trainer refuses', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let model = '';
  let data = '';
  let pairs = '';
  before(() => {
    model = makeModel(folder.at('model'));
    data = makeDemonstrations(folder.at('demonstrations.jsonl'), 8);
    pairs = makePairs(folder.at('pairs.jsonl'), 8);
  });

  const sft = (name: string) => sftJob(folder.path(), name, { model, data });
  const changed = (name: string, change: object): TrainerJob => ({ ...sft(name), ...change });
  const unchanging = (name: string): Record<'generate' | 'logprobs' | 'merge', TrainerJob> => {
    const base = { ...jobBase(folder.path(), name), model, adapter: null };
    const prompts = makePrompts(folder.at('prompts.jsonl'), 3);
    return {
      generate: generateJob(folder.path(), name, { model, prompts }),
      logprobs: { ...base, command: 'logprobs', data, batchSize: 4, maxLength: 96 },
      merge: { ...base, command: 'merge' },
    };
  };
  it('weights that are not numbers, in every command, by the name of the tensor', async () => {
    const name = 'model.layers.2.self_attn.v_proj.weight';
    for (const value of [NaN, -Infinity]) {
      const odd = copyModel(model, folder.at(`with ${value}`));
      const path = join(odd, 'model.safetensors');
      const bytes = readFileSync(path);
      const header = Number(bytes.readBigUInt64LE(0));
      const { data_offsets: at } = (
        JSON.parse(bytes.subarray(8, 8 + header).toString()) as Record<
          string,
          { data_offsets: [number, number] }
        >
      )[name]!;
      bytes.writeFloatLE(value, 8 + header + at[0] + 4 * 7);
      writeFileSync(path, bytes);
      const jobs: TrainerJob[] = [
        sftJob(folder.path(), `sft ${value}`, { model: odd, data }),
        preferenceJob(folder.path(), `preference ${value}`, { reference: odd, data: pairs }),
        ...Object.entries(unchanging(`no training ${value}`)).map(([command, job]) => ({
          ...job,
          ...jobBase(folder.path(), `${command} ${value}`),
          model: odd,
        })),
        { ...jobBase(folder.path(), `info ${value}`), command: 'info', model: odd },
      ] as TrainerJob[];
      for (const job of jobs)
        assertRefused(await runJob(job), {
          status: 78,
          code: 'CONFIG_INVALID',
          says: new RegExp(`model\\.safetensors: tensor "${name}" has ${value} at index 7`),
        });
    }
  });

  const onGpu = { plan: { device: 'cuda', threads: 1, microBatchSize: null } } as const;
  const noGpu = {
    status: 69,
    code: 'DEVICE_UNAVAILABLE',
    says: /plan\.device.*libonnxruntime_providers_cuda\.so/,
  };

  const cases: Record<
    string,
    { job: (name: string) => TrainerJob; status: number; code: string; says: RegExp }
  > = {
    'an unknown field': {
      job: (name) => changed(name, { learningRat: 1 }),
      status: 78,
      code: 'CONFIG_INVALID',
      says: /field "learningRat"/,
    },
    'a field out of range': {
      job: (name) => changed(name, { training: { ...sft(name).training, warmupRatio: 1.2 } }),
      status: 78,
      code: 'CONFIG_INVALID',
      says: /field "training\.warmupRatio"/,
    },
    'another protocol': {
      job: (name) => changed(name, { protocol: 2 }),
      status: 78,
      code: 'CONFIG_INVALID',
      says: /field "protocol"/,
    },
    'a device that is not there': { job: (name) => changed(name, onGpu), ...noGpu },
    'generation on it': { job: (name) => ({ ...unchanging(name).generate, ...onGpu }), ...noGpu },
    'scoring on it': { job: (name) => ({ ...unchanging(name).logprobs, ...onGpu }), ...noGpu },
    'merging for it': { job: (name) => ({ ...unchanging(name).merge, ...onGpu }), ...noGpu },
    'a precision that the device has not': {
      job: (name) => changed(name, { training: { ...sft(name).training, precision: 'bf16' } }),
      status: 78,
      code: 'CONFIG_INVALID',
      says: /training\.precision/,
    },
    'a missing data file': {
      job: (name) => changed(name, { data: folder.at('none.jsonl') }),
      status: 66,
      code: 'INPUT_MISSING',
      says: /none\.jsonl/,
    },
    'a missing model': {
      job: (name) => changed(name, { model: folder.at('no-model') }),
      status: 66,
      code: 'INPUT_MISSING',
      says: /no-model/,
    },
    'a bad row': {
      job: (name) =>
        changed(name, {
          data: writeRows(folder.at('bad.jsonl'), [{ id: 'a', prompt: 'Q:', completion: '' }]),
        }),
      status: 65,
      code: 'DATA_INVALID',
      says: /bad\.jsonl, line 1: field "completion"/,
    },
    'no rows': {
      job: (name) => changed(name, { data: writeRows(folder.at('empty.jsonl'), []) }),
      status: 65,
      code: 'DATA_INVALID',
      says: /has no usable rows/,
    },
    'a row that is too long': {
      job: (name) => changed(name, { training: { ...sft(name).training, maxLength: 20 } }),
      status: 65,
      code: 'DATA_INVALID',
      says: /line \d+: \d+ tokens, and training\.maxLength is 20/,
    },
    'a prompt that is too long': {
      job: (name) => ({
        ...generateJob(folder.path(), name, { model, prompts: makePrompts(folder.at('prompts.jsonl'), 3) }),
        maxPromptTokens: 8,
      }),
      status: 65,
      code: 'DATA_INVALID',
      says: /line 1: \d+ prompt tokens, and maxPromptTokens is 8/,
    },
    'a reference that is another one': {
      job: (name) => ({
        ...preferenceJob(folder.path(), name, { reference: model, data: pairs }),
        referenceSha256: '0'.repeat(64),
      }),
      status: 78,
      code: 'REFERENCE_MISMATCH',
      says: /referenceSha256/,
    },
    'weights that are no safetensors file': {
      job: (name) => {
        const broken = copyModel(model, folder.at('broken'));
        writeFileSync(join(broken, 'model.safetensors'), 'nothing of the kind');
        return changed(name, { model: broken });
      },
      status: 78,
      code: 'CONFIG_INVALID',
      says: /broken/,
    },
    'an output folder that holds something else': {
      job: (name) => {
        mkdirSync(folder.at('taken'));
        writeFileSync(folder.at('taken', 'mine.txt'), 'keep');
        return changed(name, { outputDir: folder.at('taken') });
      },
      status: 78,
      code: 'CONFIG_INVALID',
      says: /"outputDir".*taken/,
    },
    'a loss that is not a number': {
      job: (name) =>
        changed(name, { training: { ...sft(name).training, learningRate: 1e30, maxGradNorm: null } }),
      status: 67,
      code: 'LOSS_NOT_FINITE',
      says: /Step \d+: \w+ is/,
    },
    'a learning rate that diverges': {
      job: (name) =>
        changed(name, {
          training: { ...sft(name).training, epochs: 8, learningRate: 1, lora: null, maxGradNorm: null },
        }),
      status: 77,
      code: 'TRAINING_DIVERGED',
      says: /Step \d+: the loss is [\d.e+]+ and has been above \d+/,
    },
  };
  for (const [what, { job, ...expected }] of Object.entries(cases))
    it(`${what}: exit ${expected.status}, ${expected.code}, nothing half-written`, async () => {
      const made = job(what.replaceAll(' ', '-'));
      assertRefused(await runJob(made), expected);
      if (made.outputDir !== folder.at('taken')) assert.ok(!existsSync(made.outputDir));
      assert.ok(!existsSync(`${made.outputDir}.partial`));
    });

  it('keeps the content of an output folder', () => {
    assert.deepEqual(readdirSync(folder.at('taken')), ['mine.txt']);
  });

  it('a wrong command line: exit 64, naming the command', async () => {
    assertRefused(await runTrainer(['train', 'job.json']), { status: 64, code: 'USAGE', says: /"train"/ });
    assertRefused(await runTrainer(['sft']), { status: 64, code: 'USAGE', says: /one job file/ });
    assertRefused(await runTrainer(['sft', folder.at('no.json')]), {
      status: 66,
      code: 'INPUT_MISSING',
      says: /no\.json/,
    });
  });

  it('a full disk is DISK_FULL, and a path that cannot be written IO_FAILED', () => {
    assert.throws(() => writeSynced('/dev/full', ['text']), { code: 'DISK_FULL' });
    assert.throws(() => writeSynced(folder.at('no', 'such', 'folder'), ['text']), { code: 'IO_FAILED' });
  });

  for (const onOverlength of ['drop', 'truncate'] as const)
    it(`counts overlong rows: onOverlength "${onOverlength}"`, async () => {
      const lengths = await rowLengths(data);
      const maxLength = [...lengths].sort((a, b) => a - b)[2]!;
      const over = lengths.filter((length) => length > maxLength).length;
      const job = changed(`over-${onOverlength}`, {
        training: { ...sft('x').training, epochs: 1, maxLength, onOverlength },
      });
      const run = await runJob(job);
      assert.equal(run.status, 0, run.stderr);
      const [warning] = eventsOf(run, 'warning');
      assert.equal(warning?.code, 'OVERLENGTH');
      assert.match(warning.message, new RegExp(`^${over} rows`));
      const metrics = eventsOf(run, 'result')[0]?.metrics;
      assert.equal(metrics?.['overlengthRows'], over);
      assert.equal(metrics['rows'], lengths.length - (onOverlength === 'drop' ? over : 0));
    });
});
