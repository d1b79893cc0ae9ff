import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  createExternalDataFile,
  createGenerator,
  createScorer,
  createTrainEngine,
  type EngineOptions,
  type GraphProfile,
} from '../../../../trainer/engine';
import { lossOf } from '../../../../losses/registry';
import { requireCuda } from '../../../../trainer/runtime';
import { freshState } from '../../../../trainer/jobs/training';
import { temporaryFolder } from '../../../support/temporary';
import { assertClose, assertGradients } from '../../../support/trainer/assert-oracle';
import {
  oracleAdapter,
  oracleConfigs,
  oracleEngine,
  oracleLora,
  oracleRows,
  oracleWeights,
  readOracle,
} from '../../../support/trainer/oracle-model';
import { relativeError } from '../../../support/trainer/run-graph';

const config = oracleConfigs.grouped;
const oracle = readOracle('grouped');

const plain: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };
const full = oracleEngine('grouped', { maxLength: 32 });
const lora: EngineOptions = { ...full, lora: oracleLora };

/** Loss and gradients of one step. With fresh moments, the first moment is the gradient. */
async function step(options: EngineOptions, profile: GraphProfile) {
  const engine = createTrainEngine({ ...options, profile });
  try {
    if (options.lora !== null) engine.importState(freshState(oracleAdapter(config)));
    const rows = options.objective.rows === 'pairs' ? oraclePairs : oracleRows;
    const metrics = await engine.step(rows, { step: 1, learningRate: 0 });
    return { loss: metrics['loss'] ?? NaN, gradients: engine.exportState().firstMoments };
  } finally {
    await engine.release();
  }
}

const pairwise: EngineOptions = { ...lora, objective: lossOf({ name: 'sigmoid', beta: 0.5 }) };

/** Each row with a different completion. */
const oraclePairs = oracleRows.map((chosen, row) => ({
  chosen,
  rejected: { ...chosen, ids: Int32Array.of(...chosen.ids.subarray(0, chosen.completionStart), row, 2) },
  referenceChosen: -9,
  referenceRejected: -7,
}));

const wideConfig = { ...config, hiddenSize: 256, intermediateSize: 512, headSize: 64 };
const wide: EngineOptions = { ...full, config: wideConfig, weights: oracleWeights(wideConfig) };

async function score(profile: GraphProfile) {
  const scorer = createScorer({ ...wide, profile });
  try {
    return await scorer.logprobs(oracleRows);
  } finally {
    await scorer.release();
  }
}

async function generate(profile: GraphProfile) {
  const generator = await createGenerator({
    ...wide,
    profile,
    batchSize: oracleRows.length,
    maxPromptTokens: 32,
    maxNewTokens: 8,
    endOfSequence: config.vocabSize,
    decoding: { mode: 'greedy' },
  });
  try {
    return await generator.generate(
      oracleRows.map(({ ids }) => ({ prompt: ids, uniforms: new Float32Array() })),
    );
  } finally {
    await generator.release();
  }
}

/** Elements of the layers' matrices. Norms, biases and this small vocabulary stay inside the graphs. */
const frozenElements = [...wide.weights]
  .filter(([name]) => name.endsWith('_proj.weight'))
  .reduce((sum, [, { data }]) => sum + data.length, 0);

/** Uses every graph: steps of one and several micro-batches, rows with and without prompts, scoring. */
async function useGraphs(profile: GraphProfile, measureSize: () => number = () => 0) {
  const engine = createTrainEngine({ ...wide, lora: oracleLora, microBatchSize: 2, profile });
  const bare = oracleRows.map((row) => ({ ...row, completionStart: 1 }));
  const [metrics, sizes]: [unknown[], number[]] = [[], []];
  try {
    for (const [index, rows] of [oracleRows, oracleRows.slice(2), bare.slice(2)].entries()) {
      metrics.push(await engine.step(rows, { step: index + 1, learningRate: 0.01 }));
      sizes.push(measureSize());
    }
    const scores = await engine.sequenceLogprobs(oracleRows);
    await engine.closeScoring();
    assert.deepEqual(await engine.sequenceLogprobs(oracleRows), scores, 'reopened');
    metrics.push(scores);
    return { metrics, sizes: [...sizes, measureSize()], state: engine.exportState() };
  } finally {
    await engine.release();
  }
}

const scoreAndGenerate = async (profile: GraphProfile) => [await score(profile), await generate(profile)];

function hasCuda(): boolean {
  try {
    requireCuda();
    return true;
  } catch {
    return false;
  }
}

describe('graph profiles', () => {
  const folder = temporaryFolder();

  for (const [name, options] of Object.entries({ 'full fine-tune': full, LoRA: lora }))
    it(`${name}: recomputation has the same gradients, bit for bit`, async () => {
      const [kept, recomputed] = [
        await step(options, plain),
        await step(options, { ...plain, recompute: true }),
      ];
      assert.equal(recomputed.loss, kept.loss);
      for (const [tensor, { data }] of kept.gradients)
        assert.deepEqual(recomputed.gradients.get(tensor)?.data, data, tensor);
    });

  for (const [name, options] of Object.entries({ 'full fine-tune': full, LoRA: lora }))
    it(`${name}: f16 agrees with f32 to its precision`, async () => {
      const [wide, narrow] = [
        await step(options, plain),
        await step(options, { ...plain, precision: 'f16' }),
      ];
      assert.notEqual(narrow.loss, wide.loss, 'f16 must round something');
      assertClose(narrow.loss, wide.loss, 2e-3, 'loss');
      for (const [tensor, { data }] of wide.gradients) {
        const error = relativeError(narrow.gradients.get(tensor)!.data, data);
        assert.ok(error < 0.02, `${tensor}: ${error}`);
      }
    });

  for (const [name, options] of Object.entries({ 'full fine-tune': full, LoRA: lora, DPO: pairwise }))
    it(`${name}: chunked logits have the same loss and gradients`, async () => {
      const whole = await step(options, plain);
      for (const logitTokens of [1, 5, 1000])
        for (const recompute of [false, true]) {
          const chunked = await step(options, { ...plain, logitTokens, recompute });
          assertClose(chunked.loss, whole.loss, 1e-6, 'loss');
          for (const [tensor, { data }] of whole.gradients) {
            const error = relativeError(chunked.gradients.get(tensor)!.data, data);
            assert.ok(error < 1e-6, `${tensor} by ${logitTokens}: ${error}`);
          }
        }
    });

  it('chunked logits support f16', async () => {
    const [whole, chunked] = [
      await step(full, { ...plain, precision: 'f16' }),
      await step(full, { ...plain, precision: 'f16', logitTokens: 5 }),
    ];
    assertClose(chunked.loss, whole.loss, 2e-3, 'loss');
    for (const [tensor, { data }] of whole.gradients)
      assert.ok(relativeError(chunked.gradients.get(tensor)!.data, data) < 0.02, tensor);
  });

  for (const [precision, width] of [
    ['f32', 4],
    ['f16', 2],
  ] as const)
    it(`${precision}: external data has the same results and is stored once for all graphs`, async () => {
      const path = folder.at(precision);
      const externalData = createExternalDataFile(path);
      const inside = await useGraphs({ ...plain, precision });
      const outside = await useGraphs(
        { ...plain, precision, externalData },
        () => statSync(join(path, 'weights.bin')).size,
      );
      externalData.remove();
      assert.deepEqual(outside.metrics, inside.metrics);
      assert.deepEqual(outside.state, inside.state);
      assert.deepEqual(outside.sizes, Array(outside.sizes.length).fill(width * frozenElements));
      assert.deepEqual(readdirSync(path), []);
    });

  it('scorers and generators share one file of external data and have the same results', async () => {
    const inside = await scoreAndGenerate(plain);
    const externalData = createExternalDataFile(folder.at('answers'));
    const outside = [
      await scoreAndGenerate({ ...plain, externalData }),
      await scoreAndGenerate({ ...plain, externalData }),
    ];
    assert.equal(statSync(folder.at('answers', 'weights.bin')).size, 4 * frozenElements);
    externalData.remove();
    assert.deepEqual(outside, [inside, inside]);
    assert.deepEqual(readdirSync(folder.at('answers')), []);
  });

  it('a missing provider is an error, not a fallback to the CPU', async function () {
    if (hasCuda()) this.skip();
    const profile = { ...plain, provider: 'cuda' } as const;
    const error = { code: 'DEVICE_UNAVAILABLE' };
    await assert.rejects(step(full, profile), error);
    await assert.rejects(score(profile), error);
    await assert.rejects(generate(profile), error);
  });

  it('f16 has the loss and gradients of PyTorch to its precision', async () => {
    const narrow = await step(full, { ...plain, precision: 'f16', recompute: true });
    assertClose(narrow.loss, oracle.full.loss, 2e-3, 'loss');
    assertGradients(narrow.gradients, oracle.full.gradients, 0.02);
  });
});
