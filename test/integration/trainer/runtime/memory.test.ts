import assert from 'node:assert/strict';
import { ops } from '../../../../trainer/graph';
import { exitCodeOf, toFailure } from '../../../../trainer/protocol/failures';
import { runGraph } from '../../../support/trainer/run-graph';

describe('out of memory', () => {
  it('has its own exit code, in the runtime and in JavaScript', async () => {
    const side = 2 ** 21;
    const x = ops.broadcastTo(ops.input('x', 'f32', [1, 1]), [side, side]);
    const feeds = { x: { dims: [1, 1], data: Float32Array.of(1) } };
    await assert.rejects(runGraph({ y: ops.reduceSum(x, [0]) }, feeds), { code: 'HOST_OUT_OF_MEMORY' });
    assert.equal(toFailure(new RangeError('Array buffer allocation failed')).code, 'HOST_OUT_OF_MEMORY');
    assert.equal(exitCodeOf('HOST_OUT_OF_MEMORY'), 72);
  });
});
