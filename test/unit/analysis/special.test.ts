import assert from 'node:assert/strict';
import { createDraws } from '../../../analysis/random';
import { fUpperTail, quantile, tCritical95 } from '../../../analysis/special';

const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);

describe('distribution functions', () => {
  it('agrees with printed tables of Student’s t and F', () => {
    const table: [number, number][] = [
      [1, 12.7062],
      [2, 4.30265],
      [5, 2.57058],
      [12, 2.17881],
      [120, 1.97993],
    ];
    for (const [degreesOfFreedom, critical] of table)
      near(tCritical95(degreesOfFreedom), critical, 1e-5 * critical);
    near(tCritical95(Infinity), 1.959964, 1e-6);
    near(fUpperTail(3.885294, 2, 12), 0.05, 1e-6);
    near(fUpperTail(4.256495, 2, 9), 0.05, 1e-6);
    near(fUpperTail(4.602701, 2, 30), 0.018, 1e-3);
  });

  it('equals the F of t squared', () => {
    for (const degreesOfFreedom of [2, 7.5, 40])
      near(fUpperTail(tCritical95(degreesOfFreedom) ** 2, 1, degreesOfFreedom), 0.05, 1e-9);
  });

  it('takes the smallest value that reaches the share', () => {
    const values = Float64Array.from([5, 1, 4, 2, 3]);
    assert.deepEqual(
      [0.2, 0.21, 0.95, 1].map((share) => quantile(values, share)),
      [1, 2, 5, 5],
    );
    assert.deepEqual([...values], [5, 1, 4, 2, 3]);
  });
});

describe('the random source', () => {
  it('repeats a label’s stream and separates labels', () => {
    const take = (label: string): number[] => {
      const random = createDraws(label);
      return Array.from({ length: 50 }, () => random.uniform());
    };
    assert.deepEqual(take('a'), take('a'));
    assert.equal(take('a').filter((value) => take('b').includes(value)).length, 0);
  });

  it('has the moments of its distributions', () => {
    const random = createDraws('moments');
    const count = 40_000;
    const moments = (draw: () => number): [number, number] => {
      const values = Array.from({ length: count }, draw);
      const mean = values.reduce((a, b) => a + b, 0) / count;
      return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / count];
    };
    const cases: [() => number, number, number][] = [
      [() => random.uniform(), 1 / 2, 1 / 12],
      [() => random.normal(), 0, 1],
      [() => random.chiSquare(1.5), 1.5, 3],
      [() => random.chiSquare(12), 12, 24],
    ];
    for (const [draw, mean, variance] of cases) {
      const [m, v] = moments(draw);
      near(m, mean, 5 * Math.sqrt(variance / count));
      near(v / variance, 1, 0.08);
    }
  });
});
