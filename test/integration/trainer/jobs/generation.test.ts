import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { jobBase } from '../../../../conformance/kit';
import type { GenerationRow, LogprobRow, PreferenceRow, PromptRow } from '../../../../schemas/rows';
import type { JobOf } from '../../../../schemas/trainer-job';
import { loadModelFolder } from '../../../../trainer/io/model-folder';
import { temporaryFolder } from '../../../support/temporary';
import {
  generateJob,
  makeDemonstrations,
  makeModel,
  makePairs,
  makePrompts,
  preferenceJob,
  sftJob,
  sha256OfFile,
} from '../../../support/trainer/tiny-model';
import { eventsOf, readRows, runJob, writeRows } from '../../../support/trainer/trainer-process';

describe('generate, logprobs, merge, pretrain', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let model = '';
  let prompts: PromptRow[] = [];

  before(() => {
    model = makeModel(folder.at('model'));
    const path = makePrompts(folder.at('prompts.jsonl'), 11);
    prompts = readRows<PromptRow>(folder.path(), 'prompts.jsonl');
    // One prompt of another shape in between.
    prompts.splice(5, 0, {
      id: 'long',
      prompt: prompts
        .map(({ prompt }) => prompt)
        .join(' ')
        .slice(0, 160),
    });
    writeRows(path, prompts);
  });

  async function generate(name: string, rows: readonly PromptRow[], more: Partial<JobOf<'generate'>> = {}) {
    const path = writeRows(folder.at(`${name}.jsonl`), rows);
    const job = { ...generateJob(folder.path(), name, { model, prompts: path }), ...more };
    const run = await runJob(job);
    assert.equal(run.status, 0, run.stderr);
    return { run, rows: readRows<GenerationRow>(job.outputDir, 'generations.jsonl') };
  }

  it('answers are in the order of the prompts, the samples of a prompt adjacent', async () => {
    const { rows } = await generate('order', prompts);
    const expected = prompts.flatMap(({ id }) => [0, 1].map((sample) => `${id} ${sample}`));
    assert.deepEqual(
      rows.map(({ id, sample }) => `${id} ${sample}`),
      expected,
    );
  });

  it('a prompt’s samples do not depend on other prompts or on the number of samples', async () => {
    const all = await generate('all', prompts);
    const some = [prompts[7]!, prompts[5]!, prompts[0]!];
    const alone = await generate('alone', some, { samples: 3 });
    const key = ({ id, sample }: GenerationRow): string => `${id} ${sample}`;
    const found = new Map(alone.rows.map((row) => [key(row), row]));
    const shared = all.rows.filter((row) => found.has(key(row)));
    assert.equal(shared.length, 6);
    for (const row of shared) assert.deepEqual(found.get(key(row)), row);
    assert.equal(new Set(alone.rows.map(({ completion }) => completion)).size, alone.rows.length);
  });

  it('another seed makes other samples', async () => {
    const one = await generate('seed-one', prompts.slice(0, 2));
    const two = await generate('seed-two', prompts.slice(0, 2), { seed: 8 });
    assert.notDeepEqual(one.rows, two.rows);
  });

  it('killed and resumed at its first unfinished batch, it writes the same bytes', async () => {
    const path = folder.at('prompts.jsonl');
    const make = (name: string) => ({
      ...generateJob(folder.path(), name, { model, prompts: path }),
      batchSize: 2,
    });
    const whole = await runJob(make('whole'));
    const killed = await runJob(make('killed'), {
      onEvent(event, child) {
        if (event.event === 'progress' && event.step >= 1) child.kill('SIGKILL');
      },
    });
    assert.equal(killed.signal, 'SIGKILL');
    const again = await runJob(make('killed'));
    const from = eventsOf(again, 'hello')[0]?.resumedFromStep ?? 0;
    assert.ok(from >= 1, `resumed from ${from}`);
    assert.deepEqual(eventsOf(again, 'result')[0]?.files, eventsOf(whole, 'result')[0]?.files);
  });

  it('onOverlength "truncate" cuts long prompts on the left, and counts them', async () => {
    const { run } = await generate('truncate', prompts, { maxPromptTokens: 40, onOverlength: 'truncate' });
    assert.equal(eventsOf(run, 'result')[0]?.metrics['truncatedPrompts'], 1);
    assert.deepEqual(
      eventsOf(run, 'warning').map(({ code }) => code),
      ['OVERLENGTH'],
    );
  });

  it('an adapter merged in memory has the answers of the merged folder', async () => {
    const data = makeDemonstrations(folder.at('demonstrations.jsonl'), 8);
    const sft = sftJob(folder.path(), 'sft', { model, data });
    assert.equal((await runJob(sft)).status, 0);
    const at = (name: string) => ({ ...jobBase(folder.path(), name), command: 'merge', model }) as const;
    const merged = await runJob({ ...at('merge'), adapter: sft.outputDir });
    assert.equal(merged.status, 0, merged.stderr);
    const inMemory = await generate('in-memory', prompts, { adapter: sft.outputDir });
    const fromFolder = await generate('from-folder', prompts, { model: folder.at('merge', 'out') });
    assert.deepEqual(inMemory.rows, fromFolder.rows);
    const plain = await generate('plain', prompts);
    assert.notDeepEqual(plain.rows, inMemory.rows);
    const copied = await runJob({ ...at('copy'), adapter: null });
    assert.equal(copied.status, 0);
    assert.equal(
      sha256OfFile(folder.at('copy', 'out', 'model.safetensors')),
      sha256OfFile(join(model, 'model.safetensors')),
    );
  });

  it('logprobs and the reference pass of preference agree, and so does step 0', async () => {
    const pairs = makePairs(folder.at('pairs.jsonl'), 6);
    const preference = preferenceJob(folder.path(), 'preference', { reference: model, data: pairs });
    const trained = await runJob(preference);
    assert.equal(trained.status, 0, trained.stderr);
    const first = eventsOf(trained, 'metric')[0]?.values;
    assert.equal(first?.['rewards/margins'], 0);
    assert.equal(first['loss'], Math.fround(Math.LN2));
    interface Reference {
      id: string;
      chosen: number;
      chosenTokens: number;
    }
    const reference = readRows<Reference>(preference.outputDir, 'reference-logprobs.jsonl');
    const rows = readRows<PreferenceRow>(folder.path(), 'pairs.jsonl');
    const data = writeRows(
      folder.at('scored.jsonl'),
      rows.map(({ id, prompt, chosen }) => ({ id, prompt, completion: chosen })),
    );
    const job: JobOf<'logprobs'> = {
      ...jobBase(folder.path(), 'logprobs'),
      command: 'logprobs',
      model,
      adapter: null,
      data,
      batchSize: 4,
      maxLength: 96,
    };
    assert.equal((await runJob(job)).status, 0);
    const scored = readRows<LogprobRow>(job.outputDir, 'logprobs.jsonl');
    assert.equal(scored.length, reference.length);
    for (const [index, { id, logprob, tokens }] of scored.entries()) {
      const expected = reference[index]!;
      assert.deepEqual({ id, tokens }, { id: expected.id, tokens: expected.chosenTokens });
      assert.ok(Math.abs(logprob - expected.chosen) <= 1e-5 * tokens, `${logprob} and ${expected.chosen}`);
    }
  });

  it('pretrains from a seed, resumes, and trains every weight without LoRA', async () => {
    const corpus = writeRows(
      folder.at('corpus.jsonl'),
      Array.from({ length: 60 }, (_, index) => ({
        text: `Q: Gus has ${index} eggs. How many?\nA: ${index}`,
      })),
    );
    const job = (name: string): JobOf<'pretrain'> => ({
      ...jobBase(folder.path(), name),
      command: 'pretrain',
      architecture: model,
      corpus,
      contextLength: 32,
      batchSize: 4,
      steps: 6,
      learningRate: 1e-3,
      warmupSteps: 2,
      decayFrom: 0.5,
      minLearningRateRatio: 0.1,
      weightDecay: 0.05,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      maxGradNorm: 1,
      checkpointEverySteps: 2,
      keepCheckpoints: 2,
    });
    const whole = await runJob(job('base-whole'));
    assert.equal(whole.status, 0, whole.stderr);
    const losses = eventsOf(whole, 'metric').map(({ values }) => values['loss']!);
    assert.ok(losses.at(-1)! < losses[0]!, String(losses));
    const killed = job('base-killed');
    await runJob(killed, {
      onEvent(event, child) {
        if (event.event === 'metric' && event.step === 5) child.kill('SIGKILL');
      },
    });
    const again = await runJob(killed);
    assert.equal(eventsOf(again, 'hello')[0]?.resumedFromStep, 4);
    assert.deepEqual(eventsOf(again, 'result')[0]?.files, eventsOf(whole, 'result')[0]?.files);
    const data = makeDemonstrations(folder.at('full.jsonl'), 4);
    const sft = sftJob(folder.path(), 'full', { model: killed.outputDir, data });
    const full = await runJob({ ...sft, training: { ...sft.training, epochs: 1, lora: null } });
    assert.equal(full.status, 0, full.stderr);
    rmSync(killed.outputDir, { recursive: true });
    assert.equal(loadModelFolder(sft.outputDir).weights.size, loadModelFolder(model).weights.size);
  });
});
