import assert from 'node:assert/strict';
import { growing, lower, ops } from '../../../trainer/graph';
import { buildStep, planTraining } from '../../../trainer/engine/train-graphs';
import { oracleConfigs, oracleLora, oracleWeights } from '../support/oracle-model';
import { openGraph, runGraph } from '../support/run-graph';

const x = ops.input('x', 'f32', [2, 3]);
const feed = { x: { dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } };

describe('pure: lowering to ONNX', () => {
  it('computes equal ops once, and nothing that no output needs', async () => {
    ops.exp(x);
    const y = ops.add(ops.sqrt(x), ops.sqrt(x));
    const graph = await openGraph({ y });
    assert.deepEqual(Object.fromEntries(graph.model.operators), { Sqrt: 1, Add: 1 });
    const results = await graph.run(feed);
    assert.ok(Math.abs(results.get('y')![5]! - 2 * Math.sqrt(6)) < 1e-6);
    await graph.release();
  });

  it('writes an addition to a product that nothing else uses as the third operand of Gemm', async () => {
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

  it('keeps a product that is used twice', async () => {
    const w = ops.constant(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]);
    const product = ops.matmul(x, w);
    const results = await runGraph({ y: ops.add(product, ops.scalar(1)), product }, feed);
    assert.deepEqual([...results.get('y')!], [2, 3, 4, 5, 6, 7]);
    assert.deepEqual([...results.get('product')!], [1, 2, 3, 4, 5, 6]);
  });

  it('gives out an input, and one value under two names', async () => {
    const y = ops.neg(x);
    const results = await runGraph({ a: x, b: y, c: y }, feed);
    assert.deepEqual([...results.get('a')!], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(results.get('b'), results.get('c'));
  });

  it('runs a loop with values that grow, stops early, and computes outside what never changes', async () => {
    const fixed = ops.exp(x);
    const first = ops.slice(fixed, 0, 0, 1);
    const [count, rows] = ops.loop(
      10,
      [ops.scalar(0), first],
      [
        { dtype: 'f32', shape: [] },
        { dtype: 'f32', shape: [growing, 3] },
      ],
      (_, [before, grown]) => {
        const next = ops.add(before!, ops.scalar(1));
        return {
          goOn: ops.lessOrEqual(next, ops.scalar(3)),
          carried: [next, ops.concat([grown!, ops.slice(ops.sqrt(fixed), 0, 1, 2)], 0)],
        };
      },
    );
    const graph = await openGraph({ count: count!, rows: rows! });
    const results = await graph.run(feed);
    assert.deepEqual([...results.get('count')!], [4]);
    assert.equal(results.get('rows')!.length, 5 * 3);
    await graph.release();
    const names = Buffer.from(graph.model.bytes).toString('latin1');
    // The body comes after everything that it takes from outside, and Sqrt stands before it.
    assert.ok(names.indexOf('Sqrt') < names.indexOf('Loop'));
  });

  it('refuses shapes that do not fit, and one input name with two types', () => {
    assert.throws(() => ops.matmul(x, x), /matmul does not take f32\[2, 3\], f32\[2, 3\]/);
    assert.throws(() => ops.add(x, ops.input('y', 'f32', [4])), /do not broadcast/);
    assert.throws(() => lower({ a: x, b: ops.input('x', 'f32', [9]) }), /two types/);
  });
});

describe('pure: emitted training graphs', () => {
  const optimizer = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
  const config = { ...oracleConfigs.tied, vocabSize: 600 };
  const weights = oracleWeights(config);
  const sequences = { rows: 2, sequences: 1, prompts: true, maxLength: 16 } as const;
  const pairs = { ...sequences, sequences: 2 } as const;
  /** Log-probability, right predictions and entropy, each summed by sequence. */
  const sums = 3;

  it('never add rows by ScatterND, which loses additions on several threads', () => {
    const objective = { name: 'language-model' } as const;
    const { operators } = buildStep(
      planTraining({ config, weights, lora: null, objective, optimizer }),
      sequences,
    );
    assert.equal(operators.get('ScatterND'), undefined);
    assert.equal(operators.get('ScatterElements'), sums + 1);
  });

  it('hold frozen weights as constants and only adapters as inputs', () => {
    const objective = { name: 'sigmoid', beta: 0.1 } as const;
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

  it('lead no gradient into frozen weights', () => {
    const objective = { name: 'language-model' } as const;
    const lora = { rank: 2, alpha: 2, targetModules: ['q_proj'] as const };
    const adapted = buildStep(planTraining({ config, weights, lora, objective, optimizer }), sequences);
    assert.equal(adapted.operators.get('ScatterElements'), sums);
    const full = buildStep(planTraining({ config, weights, lora: null, objective, optimizer }), sequences);
    assert.ok((adapted.operators.get('Gemm') ?? 0) < (full.operators.get('Gemm') ?? 0));
  });
});
