import assert from 'node:assert/strict';
import { lossOf } from '../../../../losses/registry';
import {
  createScorer,
  createTrainEngine,
  initLora,
  mergeLora,
  type EngineOptions,
  type TrainEngine,
  type TrainState,
} from '../../../../trainer/engine';
import type { PairRow, SequenceRow } from '../../../../trainer/rows';
import type { Tensor } from '../../../../trainer/tensor';
import {
  noise,
  oracleAdapter,
  oracleConfigs,
  oracleLora,
  oracleWeights,
} from '../../../support/trainer/oracle-model';
import { relativeError } from '../../../support/trainer/run-graph';

const config = oracleConfigs.grouped;
const weights = oracleWeights(config);

const base: EngineOptions = {
  config,
  weights,
  lora: null,
  objective: { rows: 'sequences' },
  optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 },
  threads: 1,
  microBatchSize: 8,
  maxLength: 32,
};
const dpo: EngineOptions = { ...base, lora: oracleLora, objective: lossOf({ name: 'sigmoid', beta: 0.5 }) };

function tokens(length: number, phase: number): Int32Array {
  return Int32Array.from(noise(length, phase, 1), (u) => Math.floor((u + 1) * 14.5));
}

/** Eight rows with different lengths and numbers of supervised tokens. */
const rows: readonly SequenceRow[] = Array.from({ length: 8 }, (_, i) => ({
  ids: tokens(6 + ((5 * i) % 11), i),
  completionStart: 1 + (i % 4),
}));

/** Eight pairs, each with a common prompt. */
const pairs: readonly PairRow[] = Array.from({ length: 8 }, (_, i) => {
  const prompt = tokens(4 + (i % 3), 20 + i);
  const complete = (length: number, phase: number): SequenceRow => ({
    ids: Int32Array.of(...prompt, ...tokens(length, phase)),
    completionStart: prompt.length,
  });
  return {
    chosen: complete(3 + (i % 5), 40 + i),
    rejected: complete(2 + ((3 * i) % 7), 60 + i),
    referenceChosen: -12 - i,
    referenceRejected: -9 - i,
  };
});

const at = (step: number) => ({ step, learningRate: 1e-3 });

function zeros(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map(
    [...tensors].map(([name, { dims, data }]) => [name, { dims, data: new Float32Array(data.length) }]),
  );
}

function stateOf(parameters: Map<string, Tensor>): TrainState {
  return { parameters, firstMoments: zeros(parameters), secondMoments: zeros(parameters) };
}

async function withEngine<T>(options: EngineOptions, use: (engine: TrainEngine) => Promise<T>): Promise<T> {
  const engine = createTrainEngine(options);
  try {
    return await use(engine);
  } finally {
    await engine.release();
  }
}

function assertSameState(actual: TrainState, expected: TrainState): void {
  for (const part of ['parameters', 'firstMoments', 'secondMoments'] as const) {
    assert.deepEqual([...actual[part].keys()], [...expected[part].keys()]);
    for (const [name, { data }] of expected[part])
      assert.ok(
        Buffer.from(actual[part].get(name)!.data.buffer).equals(Buffer.from(data.buffer)),
        `${part} ${name}`,
      );
  }
}

function flat(tensors: ReadonlyMap<string, Tensor>): number[] {
  return [...tensors.values()].flatMap(({ data }) => [...data]);
}

/** Without clipping, the first moments after one step are the gradients. */
async function gradientsOf(options: EngineOptions, batch: readonly (SequenceRow | PairRow)[]) {
  const unclipped = { ...options, optimizer: { ...options.optimizer, maxGradNorm: null } };
  return withEngine(unclipped, async (engine) => {
    if (options.lora !== null) engine.importState(stateOf(oracleAdapter(config)));
    const metrics = await engine.step(batch, at(1));
    return { metrics, gradients: flat(engine.exportState().firstMoments), state: engine.exportState() };
  });
}

describe('accumulation', () => {
  for (const [name, options, batch] of [
    ['language modelling', base, rows],
    ['DPO with LoRA', dpo, pairs],
  ] as const)
    it(`${name}: eight micro-batches of one equal one of eight`, async () => {
      const whole = await gradientsOf(options, batch);
      for (const microBatchSize of [1, 3]) {
        const split = await gradientsOf({ ...options, microBatchSize }, batch);
        assert.ok(relativeError(split.gradients, whole.gradients) < 1e-6);
        for (const [metric, value] of Object.entries(whole.metrics))
          assert.ok(Math.abs(split.metrics[metric]! - value) <= 2e-6 * Math.abs(value), metric);
      }
    });

  it('clips and updates equally', async () => {
    const run = (microBatchSize: number) =>
      withEngine({ ...base, microBatchSize }, async (engine) => {
        for (let step = 1; step <= 5; step += 1) await engine.step(rows, at(step));
        return flat(engine.exportState().parameters);
      });
    assert.ok(relativeError(await run(2), await run(8)) < 1e-5);
  });
});

describe('rows of a step', () => {
  it('contribute nothing if they are empty, as sequences or as pairs', async () => {
    const exact = await gradientsOf({ ...base, microBatchSize: 3 }, rows.slice(0, 3));
    const padded = await gradientsOf({ ...base, microBatchSize: 8 }, rows.slice(0, 3));
    assert.ok(relativeError(padded.gradients, exact.gradients) < 1e-6);
    assert.equal(padded.metrics['tokens'], exact.metrics['tokens']);
    const exactPairs = await gradientsOf({ ...dpo, microBatchSize: 3 }, pairs.slice(0, 3));
    const paddedPairs = await gradientsOf({ ...dpo, microBatchSize: 7 }, pairs.slice(0, 3));
    assert.ok(relativeError(paddedPairs.gradients, exactPairs.gradients) < 1e-6);
  });

  it('count their tokens from completionStart on, but never the first one', async () => {
    const metrics = await withEngine(base, (engine) =>
      engine.step(
        [
          { ids: tokens(9, 1), completionStart: 4 },
          { ids: tokens(5, 2), completionStart: 0 },
        ],
        at(1),
      ),
    );
    assert.equal(metrics['tokens'], 5 + 4);
  });

  it('are rejected if none has a supervised token', async () => {
    const empty = { ids: tokens(4, 1), completionStart: 4 };
    await withEngine(base, (engine) => assert.rejects(engine.step([empty], at(1)), { code: 'DATA_INVALID' }));
  });

  it('are rejected if they are longer than maxLength', async () => {
    const long = { ids: tokens(34, 1), completionStart: 4 };
    await withEngine(base, (engine) =>
      assert.rejects(engine.step([long], at(1)), { code: 'CONFIG_INVALID' }),
    );
  });
});

describe('adapters', () => {
  const adapted = { ...dpo, microBatchSize: 4 };

  it('with B = 0 score as the base model, bit for bit', async () => {
    const scorer = createScorer({ ...base, microBatchSize: 4 });
    const scores = await scorer.logprobs(rows);
    await scorer.release();
    const fresh = initLora(config, oracleLora, 5);
    const same = rows.slice(0, 4).map((row) => ({ ...pairs[0]!, chosen: row, rejected: row }));
    const logprobs = await withEngine(adapted, (engine) => {
      engine.importState(stateOf(fresh));
      return engine.pairLogprobs(same);
    });
    assert.deepEqual([...logprobs.chosen], [...scores.slice(0, 4)]);
  });

  it('score as the merged model', async () => {
    const adapter = oracleAdapter(config);
    const merged = mergeLora(weights, oracleLora, adapter);
    const scorer = createScorer({ ...base, weights: merged });
    const expected = await scorer.logprobs(pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]));
    await scorer.release();
    const actual = await withEngine(adapted, (engine) => {
      engine.importState(stateOf(adapter));
      return engine.pairLogprobs(pairs);
    });
    const interleaved = [...actual.chosen].flatMap((value, i) => [value, actual.rejected[i]!]);
    assert.ok(relativeError(interleaved, expected) < 1e-6);
  });
});

describe('DPO with the policy equal to its reference', () => {
  it('starts at ln 2 with a margin of exactly 0, however references are batched', async () => {
    for (const groups of [[8], [3, 5]])
      await withEngine(dpo, async (engine) => {
        const scored: PairRow[] = [];
        for (const size of groups) {
          const part = pairs.slice(scored.length, scored.length + size);
          const { chosen, rejected } = await engine.pairLogprobs(part);
          scored.push(
            ...part.map((pair, i) => ({
              ...pair,
              referenceChosen: chosen[i]!,
              referenceRejected: rejected[i]!,
            })),
          );
        }
        const metrics = await engine.step(scored, at(1));
        assert.equal(metrics['rewards/margins'], 0);
        assert.equal(metrics['rewards/accuracies'], 0);
        assert.ok(Math.abs(metrics['loss']! - Math.LN2) < 1e-7);
        assert.ok(metrics['grad_norm']! > 0);
      });
  });
});

describe('state', () => {
  for (const [name, options, batch] of [
    ['language modelling', { ...base, microBatchSize: 3 }, rows],
    ['DPO with LoRA', dpo, pairs],
  ] as const)
    it(`${name}: a resumed run ends with the same bytes`, async () => {
      const runSteps = async (engine: TrainEngine, from: number, to: number) => {
        for (let step = from; step <= to; step += 1) await engine.step(batch, at(step));
      };
      const uninterrupted = await withEngine(options, async (engine) => {
        await runSteps(engine, 1, 6);
        return engine.exportState();
      });
      const half = await withEngine(options, async (engine) => {
        await runSteps(engine, 1, 3);
        return engine.exportState();
      });
      const resumed = await withEngine(options, async (engine) => {
        engine.importState(half);
        await runSteps(engine, 4, 6);
        return engine.exportState();
      });
      assertSameState(resumed, uninterrupted);
    });

  it('does not change after its export', async () => {
    await withEngine(base, async (engine) => {
      const exported = engine.exportState();
      const before = flat(exported.parameters);
      await engine.step(rows, at(1));
      assert.deepEqual(flat(exported.parameters), before);
      assert.notDeepEqual(flat(engine.exportState().parameters), before);
    });
  });

  it('is rejected if a tensor is missing or has another shape', async () => {
    await withEngine(base, (engine) => {
      const state = engine.exportState();
      const name = 'model.norm.weight';
      state.parameters.set(name, { dims: [1], data: new Float32Array(1) });
      assert.throws(() => engine.importState(state), /model\.norm\.weight is \[1\]/);
      state.parameters.delete(name);
      assert.throws(() => engine.importState(state), /model\.norm\.weight is missing/);
      return Promise.resolve();
    });
  });

  it('decays matrices, but neither norms nor biases', async () => {
    const optimizer = { ...base.optimizer, weightDecay: 0.5 };
    const decayed = await gradientsOf({ ...base, optimizer }, rows);
    const plain = await gradientsOf({ ...base, optimizer: { ...optimizer, weightDecay: 0 } }, rows);
    for (const [name, { data }] of decayed.state.parameters) {
      const same = relativeError(data, plain.state.parameters.get(name)!.data) === 0;
      assert.equal(same, name.endsWith('norm.weight') || name.endsWith('.bias'), name);
    }
  });
});

describe('the number of threads', () => {
  it('does not change a bit of a step', async () => {
    const run = (threads: number) =>
      withEngine({ ...base, threads }, async (engine) => {
        for (let step = 1; step <= 3; step += 1) await engine.step(rows, at(step));
        return engine.exportState();
      });
    assertSameState(await run(2), await run(1));
  });
});
