import assert from 'node:assert/strict';
import { shapes, writeRandomModel } from '../../../bench/gpu/model';
import { loadModel } from '../../../trainer/io/model-folder';
import { temporaryFolder } from '../../support/temporary';

describe('the model of the GPU benchmark', () => {
  const folder = temporaryFolder();

  it('has the given shape and finite weights, and the trainer reads it', async () => {
    const parameters = writeRandomModel(folder.at('model'), shapes['tiny']!);
    const { settings, weights } = await loadModel(folder.at('model'));
    assert.equal(settings.config.hiddenSize, 64);
    assert.equal(
      [...weights.values()].reduce((sum, { data }) => sum + data.length, 0),
      parameters,
    );
    for (const [name, { data }] of weights) {
      const sizes = data.map(Math.abs);
      const range = name.endsWith('norm.weight') ? [1, 1] : [2 ** -7, 2 ** -6];
      assert.ok(
        sizes.every((size) => size >= range[0]! && size <= range[1]!),
        name,
      );
    }
    const head = weights.get('lm_head.weight')!.data;
    assert.ok(Math.abs(head.reduce((sum, value) => sum + value, 0) / head.length) < 1e-3, 'both signs');
  });
});
