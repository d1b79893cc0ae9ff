import assert from 'node:assert/strict';
import { differentiate, logitGradients, mapChunks, ops, type Value } from '../../../../trainer/graph';
import type { PrimitiveName } from '../../../../trainer/graph/primitives';
import { checkGradient, type GradientCase } from '../../../support/trainer/check-gradient';
import { noiseTensor, openGraph, runGraph } from '../../../support/trainer/run-graph';

const n = noiseTensor;
/** Values in [0.5, 1.5], away from the poles of log, division and roots. */
const positive = (dims: readonly number[], phase: number) => n(dims, phase, 0.5, 1);

function one(dims: readonly number[], build: (x: Value) => Value): GradientCase {
  return { inputs: [n(dims, 1)], build: ([x]) => build(x!) };
}

function two(shapes: readonly (readonly number[])[], build: (a: Value, b: Value) => Value): GradientCase[] {
  return shapes.map((right) => ({
    inputs: [n([2, 3], 1), positive(right, 2)],
    build: ([a, b]) => build(a!, b!),
  }));
}

/** Equal shapes, and every way to broadcast. */
const broadcasts = [[2, 3], [3], [2, 1], [1, 3], []];

const ids = ops.integers([2, 0, 2, 2, 1]);

function productCases(): GradientCase[] {
  return [false, true].flatMap((transA) =>
    [false, true].flatMap((transB) =>
      [[], [2]].map((batch) => ({
        inputs: [
          n([...batch, ...(transA ? [4, 3] : [3, 4])], 1),
          n([...batch, ...(transB ? [5, 4] : [4, 5])], 2),
        ],
        build: ([a, b]: readonly Value[]) => ops.matmul(a!, b!, { transA, transB, alpha: 0.7 }),
      })),
    ),
  );
}

function ropeTables(): { cos: Value; sin: Value } {
  const angles = Float32Array.from({ length: 6 * 2 }, (_, i) => 0.3 * i);
  return {
    cos: ops.constant(angles.map(Math.cos), [6, 2]),
    sin: ops.constant(angles.map(Math.sin), [6, 2]),
  };
}

/**
 * Two prompts of four and zero tokens, two answers of three and two; two query heads for each key head. With
 * `firstQuery` 2 only the answers have queries.
 */
function varlenCase(firstQuery: 0 | 2): GradientCase {
  const [lengths, contexts] = [ops.integers([4, 0, 3, 2]), [[], [], [0], [1]]];
  const masks = ops.varlenMasks(lengths, { contexts, firstQuery, repeats: 2, masked: -1e9 });
  const parameters = { scale: 0.5, heads: 4, keyValueHeads: 2, contexts, firstQuery };
  return {
    inputs: [n([firstQuery === 0 ? 9 : 5, 12], 1), n([9, 6], 2), n([9, 6], 3)],
    build: ([q, k, v]) => ops.varlenAttention({ q: q!, k: k!, v: v!, lengths, masks }, parameters),
  };
}

/** Five tokens and a vocabulary of four, in chunks of the given number of rows. */
function chunkedCase(rows: number): GradientCase {
  const [targets, count] = [ops.integers([3, 0, 1, 1, 2]), ops.integers([5])];
  return {
    inputs: [n([5, 3], 1), n([4, 3], 2)],
    build: ([x, head]) => {
      const body = ([part, ids]: readonly Value[]): readonly Value[] => {
        const logits = ops.matmul(part!, head!, { transB: true });
        const [y, all] = ops.tokenLogProbability(logits, ids!);
        return [y, ops.matmul(logitGradients(all, ids!), head!)];
      };
      const [y, dydx] = mapChunks([x!, targets], { count, rows }, { widths: [[], [3]], body });
      const from = { y: y!, x: x!, dydx: dydx!, head: head!, targets, count };
      return ops.chunkedLogProbability(from, rows);
    },
  };
}

/** The rule of loraLinear assumes that `merged` is W + s B A, so the case computes it from A and B. */
function loraCase(): GradientCase {
  return {
    inputs: [n([5, 4], 1), n([2, 4], 2), n([3, 2], 3)],
    build: ([x, a, b]) => {
      const merged = ops.add(
        ops.constant(new Float32Array(12).fill(0.3), [3, 4]),
        ops.matmul(b!, a!, { alpha: 0.6 }),
      );
      return ops.loraLinear(x!, { merged, a: a!, b: b! }, 0.6);
    },
  };
}

/** Cases of every primitive. null: no gradient. A new primitive does not compile without an entry. */
const cases: { readonly [N in PrimitiveName]: readonly GradientCase[] | null } = {
  input: null,
  constant: null,
  bodyInput: null,
  add: two(broadcasts, ops.add),
  sub: two(broadcasts, ops.sub),
  mul: two(broadcasts, ops.mul),
  div: two(broadcasts, ops.div),
  minimum: null,
  equal: null,
  lessOrEqual: null,
  and: null,
  not: null,
  where: two(broadcasts, (a, b) =>
    ops.where(ops.lessOrEqual(ops.constant(Float32Array.of(0, 2), [2, 1]), ops.scalar(1)), a, b),
  ),
  neg: [one([2, 3], ops.neg)],
  exp: [one([2, 3], ops.exp)],
  log: [{ inputs: [positive([2, 3], 1)], build: ([x]) => ops.log(x!) }],
  sqrt: [{ inputs: [positive([2, 3], 1)], build: ([x]) => ops.sqrt(x!) }],
  sigmoid: [one([2, 3], ops.sigmoid)],
  softplus: [one([2, 3], ops.softplus)],
  cast: null,
  reshape: [one([2, 6], (x) => ops.reshape(x, [3, 4]))],
  transpose: [one([2, 3, 4], (x) => ops.transpose(x, [2, 0, 1]))],
  broadcastTo: [one([2, 1], (x) => ops.broadcastTo(x, [3, 2, 4]))],
  concat: [{ inputs: [n([2, 3], 1), n([2, 1], 2)], build: ([a, b]) => ops.concat([a!, b!, a!], 1) }],
  slice: [one([4, 3], (x) => ops.slice(x, 0, 1, 3)), one([4, 3], (x) => ops.slice(x, 1, 0, 3))],
  split: [
    one([4, 3], (x) => {
      const [first, , last] = ops.split(x, 0, [1, 1, 2]);
      return ops.concat([last!, first!], 0);
    }),
  ],
  gatherRows: [one([4, 3], (x) => ops.gatherRows(x, ids)), one([600, 2], (x) => ops.gatherRows(x, ids))],
  dynamicSlice: [one([4, 3], (x) => ops.dynamicSlice(x, ops.integers([1]), 3))],
  dynamicSliceRange: null,
  dynamicPad: [one([2, 3], (x) => ops.dynamicPad(x, ops.integers([3]), 5))],
  varlenMasks: null,
  varlenAttention: [varlenCase(0), varlenCase(2)],
  varlenAttentionGradient: null,
  scatterAddRows: [
    one([5], (x) => ops.scatterAddRows(x, ids, 4)),
    one([5, 3], (x) => ops.scatterAddRows(x, ids, 4)),
    one([5, 2], (x) => ops.scatterAddRows(x, ids, 600)),
  ],
  reduceSum: [
    one([2, 3, 2], (x) => ops.reduceSum(x, [1])),
    one([2, 3], (x) => ops.reduceSum(x, [0, 1], true)),
  ],
  reduceMax: null,
  argMax: null,
  topK: null,
  cumulativeSum: null,
  softmax: [one([3, 5], ops.softmax)],
  matmul: productCases(),
  rmsNorm: [{ inputs: [n([3, 6], 1), positive([6], 2)], build: ([x, w]) => ops.rmsNorm(x!, w!, 1e-5) }],
  rope: [
    one([2, 3, 8], (x) => ops.rope(x, ops.integers([2]), ropeTables(), 2)),
    one([2, 3, 8], (x) => ops.rope(x, ops.integers([0, 1, 1, 5, 4, 3], [2, 3]), ropeTables(), 2)),
  ],
  swiglu: [{ inputs: [n([3, 4], 1, 2), n([3, 4], 2)], build: ([gate, up]) => ops.swiglu(gate!, up!) }],
  attention: null,
  tokenLogProbability: [one([3, 5], (x) => ops.tokenLogProbability(x, ops.integers([4, 0, 0]))[0])],
  chunkedLogProbability: [chunkedCase(2), chunkedCase(5), chunkedCase(9)],
  loraLinear: [loraCase()],
  dropoutMask: null,
  optimizationBarrier: [one([2, 3], (x) => ops.optimizationBarrier(ops.exp(x), ops.sigmoid(x)))],
  loop: null,
};

describe('gradient rules against finite differences', () => {
  for (const [name, some] of Object.entries(cases))
    if (some !== null)
      it(name, async () => {
        for (const example of some) await checkGradient(example);
      });
});

describe('reverse mode', () => {
  const x = ops.input('x', 'f32', [3]);

  it('sums over all paths from a value to the loss', async () => {
    // d/dx (x² + 3x) = 2x + 3
    const loss = ops.sum(ops.add(ops.mul(x, x), ops.mul(x, ops.scalar(3))));
    const [gradient] = differentiate(loss, [x]);
    const results = await runGraph({ g: gradient! }, { x: { dims: [3], data: Float32Array.of(1, -2, 0.5) } });
    assert.deepEqual([...results.get('g')!], [5, -1, 4]);
  });

  it('returns zeros for a leaf without influence', async () => {
    const [gradient] = differentiate(ops.scalar(1), [x]);
    const results = await runGraph({ g: gradient! });
    assert.deepEqual([...results.get('g')!], [0, 0, 0]);
  });

  it('emits nothing for values that depend on no leaf', async () => {
    const frozen = ops.matmul(ops.constant(new Float32Array(9), [3, 3]), ops.input('y', 'f32', [3, 3]));
    const loss = ops.sum(ops.mul(ops.reduceSum(frozen, [0]), x));
    const [gradient] = differentiate(loss, [x]);
    const graph = await openGraph({ g: gradient! });
    await graph.release();
    // Only the product of the forward pass: its column sums are the gradient.
    assert.equal(graph.model.operators.get('Gemm'), 1);
  });

  it('rejects a loss through a second output', () => {
    const [, all] = ops.tokenLogProbability(ops.input('z', 'f32', [2, 3]), ops.integers([0, 1]));
    const z = all.op.inputs[0]!;
    assert.throws(() => differentiate(ops.sum(all), [z]), /first output/);
  });
});
