import assert from 'node:assert/strict';
import { deviceOf } from '../../../../trainer/jobs/commands';
import { jobBase } from '../../../../conformance/kit';
import { generateJob } from '../../../support/trainer/tiny-model';

describe('the device of a job', () => {
  const plan = { device: 'cuda', threads: 1, microBatchSize: null } as const;

  it('is the plan’s, or the CPU for commands that run no graph', () => {
    const generate = generateJob('folder', 'generate', { model: 'model', prompts: 'prompts.jsonl' });
    const base = { ...jobBase('folder', 'host'), model: 'model' };
    assert.equal(deviceOf({ ...generate, plan }), 'cuda');
    assert.equal(deviceOf({ ...base, command: 'merge', adapter: null, plan }), 'cpu');
    assert.equal(deviceOf({ ...base, command: 'info', plan }), 'cpu');
  });
});
