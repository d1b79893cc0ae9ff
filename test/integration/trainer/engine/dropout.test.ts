import assert from 'node:assert/strict';
import { lossOf } from '../../../../losses/registry';
import { createTrainEngine, type EngineOptions } from '../../../../trainer/engine';
import type { Tensor } from '../../../../trainer/tensor';
import type { TrainRow } from '../../../../trainer/rows';
import { columnWords, tokenWords } from '../../../../trainer/engine/dropout';
import { ops } from '../../../../trainer/graph';
import { freshState } from '../../../../trainer/jobs/training';
import {
  noise,
  oracleAdapter,
  oracleConfigs,
  oracleLora,
  oracleRows,
  oracleWeights,
} from '../../../support/trainer/oracle-model';
import { dot, relativeError, runGraph } from '../../../support/trainer/run-graph';

const config = oracleConfigs.grouped;

/** The hash of two words, in JavaScript. */
function hash(row: number, column: number): number {
  let x = row ^ column;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  // Words are compared as signed numbers.
  return ((x ^ (x >>> 16)) | 0) + 2 ** 31;
}

async function maskOf(rows: Int32Array, columns: Int32Array, rate: number): Promise<Float32Array> {
  const mask = ops.dropoutMask(ops.input('rows', 'i32', [rows.length]), ops.words(columns), rate);
  const feeds = { rows: { dims: [rows.length], data: rows } };
  return (await runGraph({ mask }, feeds)).get('mask')!;
}

function wordsOf(step: number, rows = 8, length = 64): Int32Array {
  const row = Int32Array.from({ length: rows * length }, (_, token) => Math.floor(token / length));
  const offset = row.map((_, token) => token % length);
  return tokenWords({ seed: 2 ** 47 + 5, step, firstRow: 0 }, { row, offset }).data as Int32Array;
}

const droppedShare = (mask: Float32Array): number => mask.filter((value) => value === 0).length / mask.length;

describe('dropout masks', () => {
  const columns = columnWords('model.layers.0.self_attn.q_proj', 128);

  it('depend on the two words of each element', async () => {
    const rows = wordsOf(1, 2, 7);
    for (const rate of [0.1, 0.5, 0.9]) {
      const mask = await maskOf(rows, columns, rate);
      for (const [index, value] of mask.entries()) {
        const word = hash(rows[Math.floor(index / 128)]!, columns[index % 128]!);
        assert.equal(value, word < Math.floor(rate * 2 ** 32) ? 0 : Math.fround(1 / (1 - rate)));
      }
    }
  });

  it('drop elements at the given rate, different ones in each step, evenly over columns', async () => {
    const rate = 0.2;
    const one = await maskOf(wordsOf(1), columns, rate);
    const two = await maskOf(wordsOf(2), columns, rate);
    const other = await maskOf(wordsOf(1), columnWords('model.layers.1.mlp.up_proj', 128), rate);
    for (const mask of [one, two, other])
      assert.ok(Math.abs(droppedShare(mask) - rate) < 0.01, `${droppedShare(mask)}`);
    // Two independent masks both drop rate² of the elements.
    for (const mask of [two, other]) {
      const both = one.filter((value, index) => value === 0 && mask[index] === 0).length / one.length;
      assert.ok(Math.abs(both - rate ** 2) < 0.008, `${both}`);
    }
    for (let column = 0; column < 128; column += 1) {
      const dropped = droppedShare(one.filter((_, index) => index % 128 === column));
      assert.ok(dropped > 0.1 && dropped < 0.32, `column ${column}: ${dropped}`);
    }
  });
});

const base: EngineOptions = {
  config,
  weights: oracleWeights(config),
  lora: { ...oracleLora, dropout: 0.3 },
  objective: { rows: 'sequences' },
  optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, weightDecay: 0, maxGradNorm: null },
  threads: 1,
  seed: 11,
  microBatchSize: 4,
  maxLength: 24,
};

const flat = (tensors: ReadonlyMap<string, Tensor>): number[] =>
  [...tensors.values()].flatMap(({ data }) => [...data]);

interface StepOptions {
  readonly step?: number;
  readonly adapter?: Map<string, Tensor>;
  readonly rows?: readonly TrainRow[];
}

async function runStep(
  options: Partial<EngineOptions>,
  { step = 1, adapter = oracleAdapter(config), rows = oracleRows }: StepOptions = {},
) {
  const engine = createTrainEngine({ ...base, ...options });
  try {
    engine.importState(freshState(adapter));
    const metrics = await engine.step(rows, { step, learningRate: 0 });
    const moments = engine.exportState().firstMoments;
    return { loss: metrics['loss']!, moments, gradients: flat(moments) };
  } finally {
    await engine.release();
  }
}

const pairs: readonly TrainRow[] = [
  { chosen: oracleRows[0], rejected: oracleRows[2], referenceChosen: -28, referenceRejected: -7 },
  { chosen: oracleRows[1], rejected: oracleRows[3], referenceChosen: -33, referenceRejected: -9 },
];

describe('dropout in training', () => {
  for (const [name, options, rows] of [
    ['language modelling', {}, oracleRows],
    ['pairs', { objective: lossOf({ name: 'sigmoid', beta: 0.4 }) }, pairs],
  ] as const)
    it(`${name}: does not depend on micro-batches or empty rows`, async () => {
      const whole = await runStep(options, { rows });
      const split = await runStep({ ...options, microBatchSize: 1 }, { rows });
      const padded = await runStep({ ...options, microBatchSize: 6 }, { rows });
      for (const { loss, gradients } of [split, padded]) {
        assert.ok(Math.abs(loss - whole.loss) < 1e-6 * whole.loss);
        assert.ok(relativeError(gradients, whole.gradients) < 1e-6);
      }
    });

  it('depends on seed and step, and rate 0 disables it', async () => {
    const losses = await Promise.all([
      runStep({}),
      runStep({}, { step: 2 }),
      runStep({ seed: 12 }),
      runStep({ lora: oracleLora }),
    ]);
    assert.equal(new Set(losses.map(({ loss }) => loss)).size, 4);
    assert.equal((await runStep({})).loss, losses[0].loss);
    const none = await runStep({ lora: { ...oracleLora, dropout: 0 } });
    assert.deepEqual(none, losses[3]);
  });

  it('has the gradient of finite differences', async () => {
    const adapter = oracleAdapter(config);
    const directions = new Map(
      [...adapter].map(([name, { data }], index) => [name, noise(data.length, 40 + index, 1)]),
    );
    const moved = (by: number): Map<string, Tensor> => {
      const move = (name: string, { dims, data }: Tensor): Tensor => ({
        dims,
        data: data.map((value, index) => value + by * directions.get(name)![index]!),
      });
      return new Map([...adapter].map(([name, tensor]) => [name, move(name, tensor)]));
    };
    const lossAt = async (by: number): Promise<number> => (await runStep({}, { adapter: moved(by) })).loss;
    const h = 2e-3;
    const near = (await lossAt(h)) - (await lossAt(-h));
    const far = (await lossAt(2 * h)) - (await lossAt(-2 * h));
    const expected = (8 * near - far) / (12 * h);
    const { moments } = await runStep({}, { adapter });
    const parts = [...moments].map(([name, { data }]) => dot(data, directions.get(name)!));
    const slope = parts.reduce((sum, part) => sum + part, 0);
    assert.ok(Math.abs(slope - expected) < 5e-3 * Math.abs(expected), `${slope} and ${expected}`);
  });

  it('does not apply to scoring', async () => {
    const engine = createTrainEngine(base);
    const plain = createTrainEngine({ ...base, lora: oracleLora });
    for (const each of [engine, plain]) each.importState(freshState(oracleAdapter(config)));
    assert.deepEqual(await engine.sequenceLogprobs(oracleRows), await plain.sequenceLogprobs(oracleRows));
    await Promise.all([engine.release(), plain.release()]);
  });
});
