import assert from 'node:assert/strict';
import { initLora, initWeights, mergeLora } from '../../../../trainer/engine';
import {
  oracleAdapter,
  oracleConfigs,
  oracleLora,
  oracleWeights,
} from '../../../support/trainer/oracle-model';

const config = { ...oracleConfigs.grouped, vocabSize: 500, hiddenSize: 64, intermediateSize: 96 };

function moments(data: Float32Array): { mean: number; deviation: number } {
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  return { mean, deviation: Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length) };
}

describe('fresh weights', () => {
  const weights = initWeights(config, 7);

  it('are normal with standard deviation 0.02, output projections scaled by depth', () => {
    const table = moments(weights.get('model.embed_tokens.weight')!.data);
    assert.ok(Math.abs(table.mean) < 5e-4 && Math.abs(table.deviation - 0.02) < 5e-4);
    const down = moments(weights.get('model.layers.1.mlp.down_proj.weight')!.data);
    assert.ok(Math.abs(down.deviation - 0.02 / Math.sqrt(2 * config.layers)) < 5e-4);
  });

  it('have norms of 1 and biases of 0', () => {
    assert.ok(weights.get('model.norm.weight')!.data.every((x) => x === 1));
    assert.ok(weights.get('model.layers.0.self_attn.k_proj.bias')!.data.every((x) => x === 0));
  });

  it('depend only on the seed and the name of the tensor', () => {
    const name = 'model.layers.0.self_attn.k_proj.weight';
    assert.deepEqual(initWeights(config, 7).get(name), weights.get(name));
    assert.notDeepEqual(initWeights(config, 8).get(name), weights.get(name));
    assert.notDeepEqual(weights.get('model.layers.0.self_attn.v_proj.weight'), weights.get(name));
    const deeper = initWeights({ ...config, ...{ layers: 3, tiedEmbeddings: true } }, 7);
    assert.deepEqual(deeper.get(name), weights.get(name));
  });
});

describe('adapters', () => {
  it('are initialized with A uniform in ±1/√in and B zero', () => {
    const tensors = initLora(config, { rank: 8, alpha: 8, targetModules: ['down_proj', 'q_proj'] }, 3);
    assert.deepEqual([...tensors.keys()].slice(0, 4), [
      'model.layers.0.self_attn.q_proj.lora_A',
      'model.layers.0.self_attn.q_proj.lora_B',
      'model.layers.0.mlp.down_proj.lora_A',
      'model.layers.0.mlp.down_proj.lora_B',
    ]);
    const a = tensors.get('model.layers.0.mlp.down_proj.lora_A')!;
    assert.deepEqual(a.dims, [8, 96]);
    const bound = 1 / Math.sqrt(96);
    assert.ok(a.data.every((x) => Math.abs(x) <= bound));
    assert.ok(Math.abs(moments(a.data).deviation - bound / Math.sqrt(3)) < 0.05 * bound);
    assert.ok(tensors.get('model.layers.0.mlp.down_proj.lora_B')!.data.every((x) => x === 0));
  });

  it('merge as W + (alpha / rank) · B · A', () => {
    const shape = oracleConfigs.tied;
    const [weights, adapter] = [oracleWeights(shape), oracleAdapter(shape)];
    const merged = mergeLora(weights, oracleLora, adapter);
    const module = 'model.layers.1.mlp.up_proj';
    const [w, a, b] = [`${module}.weight`, `${module}.lora_A`, `${module}.lora_B`].map(
      (name) => (weights.get(name) ?? adapter.get(name))!.data,
    );
    const [row, column, width] = [5, 3, 16];
    const product = [0, 1, 2].reduce((sum, r) => sum + b![row * 3 + r]! * a![r * width + column]!, 0);
    const expected = Math.fround(w![row * width + column]! + 2 * product);
    assert.equal(merged.get(`${module}.weight`)!.data[row * width + column], expected);
    assert.equal(merged.get('model.norm.weight'), weights.get('model.norm.weight'));
  });

  it('merge by alpha / √rank with rsLoRA', () => {
    const [weights, adapter] = [oracleWeights(oracleConfigs.tied), oracleAdapter(oracleConfigs.tied)];
    const stable = mergeLora(weights, { ...oracleLora, useRslora: true }, adapter);
    const same = mergeLora(weights, { ...oracleLora, alpha: oracleLora.alpha * Math.sqrt(3) }, adapter);
    for (const [name, { data }] of same)
      for (const [index, value] of data.entries())
        assert.ok(Math.abs(stable.get(name)!.data[index]! - value) < 1e-6, name);
  });

  it('are rejected if B is missing or the model has no such module', () => {
    const adapter = oracleAdapter(oracleConfigs.tied);
    adapter.delete('model.layers.0.mlp.up_proj.lora_B');
    assert.throws(() => mergeLora(oracleWeights(oracleConfigs.tied), oracleLora, adapter), /up_proj\.lora_B/);
    const foreign = new Map([...oracleAdapter(oracleConfigs.tied)].map(([name, x]) => [`other.${name}`, x]));
    assert.throws(() => mergeLora(oracleWeights(oracleConfigs.tied), oracleLora, foreign), /does not have/);
  });
});
