import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { TrainerJob } from '../../../../schemas/trainer-job';
import { readJob } from '../../../../trainer/protocol/job-file';
import { temporaryFolder } from '../../../support/temporary';

const base = {
  protocol: 1,
  id: 'a',
  workDir: 'work',
  outputDir: 'out',
  seed: 0,
  plan: { device: 'cpu', threads: 1, microBatchSize: null },
};

describe('a job file', () => {
  const folder = temporaryFolder();

  const read = (job: { command: string }): TrainerJob => {
    const path = folder.at('job.json');
    writeFileSync(path, JSON.stringify(job));
    return readJob(job.command, path);
  };

  it('is the same job in every spelling', () => {
    const sft = (training: object, lora: object) =>
      read({
        ...base,
        command: 'sft',
        model: 'm',
        data: 'd',
        column: 'completion',
        checkpointEverySteps: 1,
        training: { epochs: 1, batchSize: 1, learningRate: 1, maxLength: 8, ...training, lora },
      } as never);
    const lora = { rank: 4, alpha: 4, targetModules: ['q_proj', 'v_proj'] };
    const plain = sft({ lrSchedule: 'constant' }, lora);
    assert.deepEqual(sft({ lrSchedule: 'constant', minLearningRateRatio: 0.5 }, lora), plain);
    const other = { dropout: 0, useRslora: false, targetModules: ['v_proj', 'q_proj', 'v_proj'] };
    assert.deepEqual(sft({ lrSchedule: 'constant' }, { ...lora, ...other }), plain);
    assert.notDeepEqual(sft({ lrSchedule: 'constant' }, { ...lora, dropout: 0.1 }), plain);

    const generate = (decoding: object) =>
      read({
        ...base,
        command: 'generate',
        model: 'm',
        adapter: null,
        prompts: 'p',
        samples: 1,
        decoding,
        maxNewTokens: 8,
        batchSize: 8,
        maxPromptTokens: 8,
      } as never);
    const sampled = generate({ mode: 'sample', temperature: 0.7 });
    assert.deepEqual(generate({ mode: 'sample', temperature: 0.7, topP: 1 }), sampled);
    assert.notDeepEqual(generate({ mode: 'sample', temperature: 0.7, topP: 0.9 }), sampled);
    assert.deepEqual(generate({ mode: 'greedy' }), { ...sampled, decoding: { mode: 'greedy' } });
  });
});
