import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { planBatches, stepsOf } from '../../../../trainer/data/batches';
import { promptBucket } from '../../../../trainer/data/buckets';
import { learningRateAt, warmupStepsOf, type ScheduleOptions } from '../../../../trainer/data/schedule';

const count = (max: number) => fc.integer({ min: 1, max });

describe('batches', () => {
  it('have every row once per epoch', () => {
    fc.assert(
      fc.property(count(60), count(20), count(3), (rows, batchSize, epochs) => {
        const steps = stepsOf(rows, { batchSize, epochs });
        const plan = planBatches({ rows, batchSize, seed: 1 });
        const all = Array.from({ length: steps }, (_, step) => [...plan.at(step + 1)]);
        const perEpoch = steps / epochs;
        for (let epoch = 0; epoch < epochs; epoch += 1) {
          const seen = all.slice(epoch * perEpoch, (epoch + 1) * perEpoch).flat();
          assert.deepEqual(
            seen.sort((a, b) => a - b),
            [...Array(rows).keys()],
          );
        }
      }),
    );
  });

  it('do not depend on the order of calls', () => {
    const plan = { rows: 23, batchSize: 4, seed: 9 };
    const forward = planBatches(plan);
    const inOrder = Array.from({ length: 18 }, (_, step) => [...forward.at(step + 1)]);
    const jumping = planBatches(plan);
    for (const step of [18, 1, 7, 12, 3]) assert.deepEqual([...jumping.at(step)], inOrder[step - 1]);
  });
});

describe('prompt buckets', () => {
  it('depend only on prompt length and limit, and fit the prompt', () => {
    fc.assert(
      fc.property(count(2000), count(2000), (a, b) => {
        const [length, limit] = [Math.min(a, b), Math.max(a, b)];
        const bucket = promptBucket(length, limit);
        assert.ok(bucket >= length && bucket <= limit);
      }),
    );
  });
});

interface ScheduleOracle {
  readonly peak: number;
  readonly cases: readonly {
    /** Transformers' name. */
    readonly scheduler: string;
    readonly options: Omit<ScheduleOptions, 'peak'>;
    /** Rates before the first update, and after each one. */
    readonly rates: readonly number[];
  }[];
}

const { peak, cases } = JSON.parse(
  readFileSync(join(__dirname, '..', '..', '..', 'oracles', 'schedules.json'), 'utf8'),
) as ScheduleOracle;

describe('learning rates', () => {
  const cosine: ScheduleOptions = { peak: 2, steps: 100, warmupSteps: 10, minRatio: 0.1, shape: 'cosine' };

  it('are above 0 at step 1, peak at the end of the warm-up, and end at the minimum ratio', () => {
    assert.equal(learningRateAt(1, cosine), 0.2);
    assert.equal(learningRateAt(10, cosine), 2);
    assert.ok(Math.abs(learningRateAt(55, cosine) - 1.1) < 1e-12, 'halfway down');
    assert.ok(Math.abs(learningRateAt(100, cosine) - 0.2) < 1e-12);
    assert.equal(learningRateAt(100, { ...cosine, shape: 'constant' }), 2);
    assert.equal(learningRateAt(1, { ...cosine, warmupSteps: 0 }), 2);
    assert.equal(learningRateAt(1, { ...cosine, steps: 1, warmupSteps: 0, minRatio: 0 }), 2);
  });

  for (const { scheduler, options, rates } of cases) {
    const { steps, warmupSteps, minRatio } = options;
    it(`equal Transformers’ ${scheduler}: ${warmupSteps} of ${steps} steps of warm-up, down to ${minRatio}`, () => {
      assert.equal(rates.length, steps + 1);
      for (let step = 1; step <= steps; step += 1) {
        const [ours, theirs] = [learningRateAt(step, { ...options, peak }), rates[step]!];
        assert.ok(Math.abs(ours - theirs) <= 1e-12 * peak, `step ${step}: ${ours}, not ${theirs}`);
      }
    });
  }

  it('without a warm-up equal those with a warm-up of one step', () => {
    for (let step = 1; step <= 100; step += 1)
      assert.equal(
        learningRateAt(step, { ...cosine, warmupSteps: 0 }),
        learningRateAt(step, { ...cosine, warmupSteps: 1 }),
      );
  });

  it('stay at the peak until the linear decay starts', () => {
    const held: ScheduleOptions = { ...cosine, shape: 'linear', holdUntil: 70 };
    assert.equal(learningRateAt(70, held), 2);
    assert.ok(Math.abs(learningRateAt(85, held) - 1.1) < 1e-12);
    assert.ok(Math.abs(learningRateAt(100, held) - 0.2) < 1e-12);
  });

  it('are never 0 or above the peak, however short the run', () => {
    const shapes = fc.constantFrom('cosine', 'linear', 'constant');
    fc.assert(
      fc.property(count(40), fc.double({ min: 0, max: 1, noNaN: true }), shapes, (steps, ratio, shape) => {
        const options = { ...cosine, steps, warmupSteps: warmupStepsOf(ratio, steps), shape } as const;
        for (let step = 1; step <= steps; step += 1) {
          const rate = learningRateAt(step, options);
          assert.ok(rate > 0 && rate <= options.peak + 1e-12, `step ${step} of ${steps}: ${rate}`);
        }
      }),
    );
  });
});
