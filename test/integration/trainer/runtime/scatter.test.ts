import assert from 'node:assert/strict';
import { ops } from '../../../../trainer/graph';
import { noise } from '../../../support/trainer/oracle-model';
import { openGraph } from '../../../support/trainer/run-graph';

const [updates, width, repeats] = [4096, 24, 40];

/** Ids that repeat hundreds of times, like those of a common token. */
const ids = Array.from({ length: updates }, (_, i) => (i * i) % 7);

/** A small table uses a product with a one-hot matrix, a large one ScatterElements. */
for (const rows of [64, 1000])
  describe(`the gradient of an embedding of ${rows} rows on two threads`, () => {
    it(`loses no addition in ${repeats} runs`, async () => {
      const values = noise(updates * width, 3, 1);
      const expected = new Float64Array(7 * width);
      for (const [n, id] of ids.entries())
        for (let column = 0; column < width; column += 1)
          expected[id * width + column]! += values[n * width + column]!;
      const x = ops.input('x', 'f32', [updates, width]);
      const graph = await openGraph({ sums: ops.scatterAddRows(x, ops.integers(ids), rows) }, 2);
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        const sums = (await graph.run({ x: { dims: [updates, width], data: values } })).get('sums')!;
        assert.equal(sums.length, rows * width);
        for (const [i, sum] of expected.entries())
          assert.ok(Math.abs(sums[i]! - sum) < 2e-3, `run ${repeat}, element ${i}`);
        assert.ok(sums.subarray(7 * width).every((sum) => sum === 0));
      }
      await graph.release();
    });
  });
