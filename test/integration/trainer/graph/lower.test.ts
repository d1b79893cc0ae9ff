import assert from 'node:assert/strict';
import { lossOf } from '../../../../losses/registry';
import { dynamic, lower, ops } from '../../../../trainer/graph';
import { buildStep, planTraining } from '../../../../trainer/engine/train-graphs';
import { oracleConfigs, oracleLora, oracleWeights } from '../../../support/trainer/oracle-model';
import { openGraph, runGraph } from '../../../support/trainer/run-graph';

const x = ops.input('x', 'f32', [2, 3]);
const feed = { x: { dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } };

describe('lowering to ONNX', () => {
  it('computes equal ops once and drops unused ones', async () => {
    ops.exp(x);
    const y = ops.add(ops.sqrt(x), ops.sqrt(x));
    const graph = await openGraph({ y });
    assert.deepEqual(Object.fromEntries(graph.model.operators), { Sqrt: 1, Add: 1 });
    const results = await graph.run(feed);
    assert.ok(Math.abs(results.get('y')![5]! - 2 * Math.sqrt(6)) < 1e-6);
    await graph.release();
  });

  it('fuses an addition into a product without other uses as the third operand of Gemm', async () => {
    const w = ops.constant(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]);
    const bias = ops.constant(Float32Array.of(10, 20, 30), [3]);
    const graph = await openGraph({
      y: ops.add(ops.matmul(x, w), bias),
      z: ops.add(x, ops.matmul(x, w, { alpha: 2 })),
    });
    assert.deepEqual(Object.fromEntries(graph.model.operators), { Gemm: 2 });
    const results = await graph.run(feed);
    assert.deepEqual([...results.get('y')!], [11, 22, 33, 14, 25, 36]);
    assert.deepEqual([...results.get('z')!], [3, 6, 9, 12, 15, 18]);
    await graph.release();
  });

  it('does not fuse a product that has two uses', async () => {
    const w = ops.constant(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]);
    const product = ops.matmul(x, w);
    const results = await runGraph({ y: ops.add(product, ops.scalar(1)), product }, feed);
    assert.deepEqual([...results.get('y')!], [2, 3, 4, 5, 6, 7]);
    assert.deepEqual([...results.get('product')!], [1, 2, 3, 4, 5, 6]);
  });

  it('supports an input as an output, and one value under two names', async () => {
    const y = ops.neg(x);
    const results = await runGraph({ a: x, b: y, c: y }, feed);
    assert.deepEqual([...results.get('a')!], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(results.get('b'), results.get('c'));
  });

  it('runs a loop with growing values, stops early and hoists invariant ops', async () => {
    const fixed = ops.exp(x);
    const first = ops.slice(fixed, 0, 0, 1);
    const [count, rows] = ops.loop(
      10,
      [ops.scalar(0), first],
      [
        { dtype: 'f32', shape: [] },
        { dtype: 'f32', shape: [dynamic, 3] },
      ],
      (_, [before, grown]) => {
        const next = ops.add(before!, ops.scalar(1));
        return {
          condition: ops.lessOrEqual(next, ops.scalar(3)),
          carry: [next, ops.concat([grown!, ops.slice(ops.sqrt(fixed), 0, 1, 2)], 0)],
        };
      },
    );
    const graph = await openGraph({ count: count!, rows: rows! });
    const results = await graph.run(feed);
    assert.deepEqual([...results.get('count')!], [4]);
    assert.equal(results.get('rows')!.length, 5 * 3);
    await graph.release();
    const names = Buffer.from(graph.model.bytes).toString('latin1');
    // Sqrt does not depend on the carry, so it is outside of the body, which comes last.
    assert.ok(names.indexOf('Sqrt') < names.indexOf('Loop'));
  });

  it('rejects incompatible shapes and one input name with two types', () => {
    assert.throws(() => ops.matmul(x, x), /matmul does not take f32\[2, 3\], f32\[2, 3\]/);
    assert.throws(() => ops.add(x, ops.input('y', 'f32', [4])), /do not broadcast/);
    assert.throws(() => lower({ a: x, b: ops.input('x', 'f32', [9]) }), /two types/);
  });
});

describe('emitted training graphs', () => {
  const optimizer = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
  const config = { ...oracleConfigs.tied, vocabSize: 600 };
  const weights = oracleWeights(config);
  const sequences = { rows: 2, sequences: 1, prompts: true, maxLength: 16 } as const;
  const pairs = { ...sequences, sequences: 2 } as const;
  /** Log-probability, correct predictions and entropy, each summed by sequence. */
  const sums = 3;

  it('never use ScatterND, which loses additions on several threads', () => {
    const objective = { rows: 'sequences' } as const;
    const { operators } = buildStep(
      planTraining({ config, weights, lora: null, objective, optimizer }),
      sequences,
    );
    assert.equal(operators.get('ScatterND'), undefined);
    assert.equal(operators.get('ScatterElements'), sums + 1);
  });

  it('have frozen weights as constants and only adapters as inputs', () => {
    const objective = lossOf({ name: 'sigmoid', beta: 0.1 });
    const plan = planTraining({ config, weights, lora: oracleLora, objective, optimizer });
    const { inputs } = buildStep(plan, pairs);
    const trained = inputs.filter(({ name }) => name.startsWith('parameters'));
    const sizes = trained.reduce((total, { shape: dims }) => total + Number(dims?.[0]), 0);
    assert.equal(
      sizes,
      plan.blocks.reduce((total, { size }) => total + size, 0),
    );
    assert.ok(sizes < 10_000);
  });

  it('compute no gradients of frozen weights', () => {
    const objective = { rows: 'sequences' } as const;
    const lora = { rank: 2, alpha: 2, targetModules: ['q_proj'] as const };
    const adapted = buildStep(planTraining({ config, weights, lora, objective, optimizer }), sequences);
    assert.equal(adapted.operators.get('ScatterElements'), sums);
    const full = buildStep(planTraining({ config, weights, lora: null, objective, optimizer }), sequences);
    assert.ok((adapted.operators.get('Gemm') ?? 0) < (full.operators.get('Gemm') ?? 0));
  });
});
