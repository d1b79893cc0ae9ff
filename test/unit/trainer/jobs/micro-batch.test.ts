import assert from 'node:assert/strict';
import type { TrainRow } from '../../../../trainer/rows';
import { chooseMicroBatch } from '../../../../trainer/jobs/micro-batch';

const lora = { rank: 16, alpha: 32, dropout: 0, useRslora: false, targetModules: ['q_proj'] };

type Job = Parameters<typeof chooseMicroBatch>[0];

interface Asked {
  readonly microBatchSize?: number | null;
  readonly device?: 'cpu' | 'cuda';
  readonly trained?: typeof lora | null;
}

const job = ({ microBatchSize = null, device = 'cpu', trained = lora }: Asked = {}): Job =>
  ({
    plan: { device, threads: 1, microBatchSize },
    training: { batchSize: 8, lora: trained },
  }) as Job;

const sequence = (length: number): TrainRow => ({ ids: new Int32Array(length), completionStart: 1 });
const rowsOf = (...lengths: number[]): TrainRow[] => lengths.map(sequence);

describe('automatic micro-batch size', () => {
  it('is the batch for short rows, and smaller for longer rows', () => {
    assert.deepEqual(
      [60, 96, 97, 200, 400, 5000].map((length) => chooseMicroBatch(job(), rowsOf(length, length))),
      [8, 8, 4, 2, 1, 1],
    );
  });

  it('depends on the mean length of all rows, not on their order', () => {
    const rows = rowsOf(10, 20, 700, 30, 40);
    assert.equal(chooseMicroBatch(job(), rows), 4);
    assert.equal(chooseMicroBatch(job(), [...rows].reverse()), 4);
  });

  it('is the plan’s if set, and the batch for full fine-tuning and on a GPU', () => {
    const rows = rowsOf(5000);
    assert.equal(chooseMicroBatch(job({ microBatchSize: 3 }), rows), 3);
    assert.equal(chooseMicroBatch(job({ microBatchSize: 100 }), rows), 8);
    assert.equal(chooseMicroBatch(job({ trained: null }), rows), 8);
    assert.equal(chooseMicroBatch(job({ device: 'cuda' }), rows), 8);
  });
});
