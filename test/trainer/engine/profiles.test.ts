import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  createConstantsFile,
  createGenerator,
  createScorer,
  createTrainEngine,
  type EngineOptions,
  type GraphProfile,
} from '../../../trainer/engine';
import { requireCuda } from '../../../trainer/runtime';
import { freshState } from '../../../trainer/jobs/training';
import { temporaryFolder } from '../../support/temporary';
import { assertClose, assertGradients } from '../support/assert-oracle';
import {
  oracleAdapter,
  oracleConfigs,
  oracleEngine,
  oracleLora,
  oracleRows,
  oracleWeights,
  readOracle,
} from '../support/oracle-model';
import { relativeError } from '../support/run-graph';

const config = oracleConfigs.grouped;
const oracle = readOracle('grouped');

const plain: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };
const full = oracleEngine('grouped', { maxLength: 32 });
const lora: EngineOptions = { ...full, lora: oracleLora };

/** Loss and gradients of one step: with rate 0 and fresh moments the first moment is the gradient. */
async function step(options: EngineOptions, profile: GraphProfile) {
  const engine = await createTrainEngine({ ...options, profile });
  try {
    if (options.lora !== null) engine.importState(freshState(oracleAdapter(config)));
    const rows = options.objective.name === 'sigmoid' ? oraclePairs : oracleRows;
    const figures = await engine.step(rows, { step: 1, learningRate: 0 });
    return { loss: figures['loss'] ?? NaN, gradients: engine.exportState().firstMoments };
  } finally {
    await engine.release();
  }
}

const pairwise: EngineOptions = { ...lora, objective: { name: 'sigmoid', beta: 0.5 } };

/** Each row with another end. */
const oraclePairs = oracleRows.map((chosen, row) => ({
  chosen,
  rejected: { ...chosen, ids: Int32Array.of(...chosen.ids.subarray(0, chosen.completionStart), row, 2) },
  referenceChosen: -9,
  referenceRejected: -7,
}));

const wideConfig = { ...config, hiddenSize: 256, intermediateSize: 512, headSize: 64 };
const wide: EngineOptions = { ...full, config: wideConfig, weights: oracleWeights(wideConfig) };

async function score(profile: GraphProfile) {
  const scorer = await createScorer({ ...wide, profile });
  try {
    return await scorer.logprobs(oracleRows);
  } finally {
    await scorer.release();
  }
}

async function generate(profile: GraphProfile) {
  const generator = await createGenerator({
    ...wide,
    ...{ profile, batchSize: oracleRows.length, maxPromptTokens: 32, maxNewTokens: 8 },
    ...{ endOfSequence: config.vocabSize, decoding: { mode: 'greedy' } },
  });
  try {
    return await generator.generate(
      oracleRows.map(({ ids }) => ({ prompt: ids, uniforms: new Float32Array() })),
    );
  } finally {
    await generator.release();
  }
}

/** Elements of the layers' matrices; norms, biases and this vocabulary are small enough for the graphs. */
const frozenElements = [...wide.weights]
  .filter(([name]) => name.endsWith('_proj.weight'))
  .reduce((sum, [, { data }]) => sum + data.length, 0);

/** Steps of one and of several micro-batches, rows with prompts and without, scores: a graph each. */
async function visitGraphs(profile: GraphProfile, look: () => number = () => 0) {
  const engine = await createTrainEngine({ ...wide, lora: oracleLora, microBatchSize: 2, profile });
  const bare = oracleRows.map((row) => ({ ...row, completionStart: 1 }));
  const [figures, seen]: [unknown[], number[]] = [[], []];
  try {
    for (const [index, rows] of [oracleRows, oracleRows.slice(2), bare.slice(2)].entries()) {
      figures.push(await engine.step(rows, { step: index + 1, learningRate: 0.01 }));
      seen.push(look());
    }
    const scores = await engine.sequenceLogprobs(oracleRows);
    await engine.closeScoring();
    assert.deepEqual(await engine.sequenceLogprobs(oracleRows), scores, 'opened again');
    figures.push(scores);
    return { figures, seen: [...seen, look()], state: engine.exportState() };
  } finally {
    await engine.release();
  }
}

const answer = async (profile: GraphProfile) => [await score(profile), await generate(profile)];

function hasCuda(): boolean {
  try {
    requireCuda();
    return true;
  } catch {
    return false;
  }
}

describe('pure: graphs by where they run', () => {
  const folder = temporaryFolder();

  for (const [name, options] of Object.entries({ 'full fine-tune': full, LoRA: lora }))
    it(`${name}: layers computed again give the same gradients, bit for bit`, async () => {
      const [kept, again] = [await step(options, plain), await step(options, { ...plain, recompute: true })];
      assert.equal(again.loss, kept.loss);
      for (const [tensor, { data }] of kept.gradients)
        assert.deepEqual(again.gradients.get(tensor)?.data, data, tensor);
    });

  for (const [name, options] of Object.entries({ 'full fine-tune': full, LoRA: lora }))
    it(`${name}: products in f16 agree with those in f32 to their precision`, async () => {
      const [wide, narrow] = [
        await step(options, plain),
        await step(options, { ...plain, precision: 'f16' }),
      ];
      assert.notEqual(narrow.loss, wide.loss, 'something was rounded');
      assertClose(narrow.loss, wide.loss, 2e-3, 'loss');
      for (const [tensor, { data }] of wide.gradients) {
        const error = relativeError(narrow.gradients.get(tensor)!.data, data);
        assert.ok(error < 0.02, `${tensor}: ${error}`);
      }
    });

  for (const [name, options] of Object.entries({ 'full fine-tune': full, LoRA: lora, DPO: pairwise }))
    it(`${name}: logits in chunks of tokens give the same loss and gradients`, async () => {
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

  it('logits in chunks of tokens know f16', async () => {
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
    it(`${precision}: frozen weights outside of the graphs are the same weights, there once for all of them`, async () => {
      const place = folder.at(precision);
      const constants = createConstantsFile(place);
      const inside = await visitGraphs({ ...plain, precision });
      const outside = await visitGraphs(
        { ...plain, precision, constants },
        () => statSync(join(place, 'constants.bin')).size,
      );
      constants.remove();
      assert.deepEqual(outside.figures, inside.figures);
      assert.deepEqual(outside.state, inside.state);
      assert.deepEqual(outside.seen, Array(outside.seen.length).fill(width * frozenElements));
      assert.deepEqual(readdirSync(place), []);
    });

  it('frozen weights outside of the graphs score and continue alike, one file for all who do', async () => {
    const inside = await answer(plain);
    const constants = createConstantsFile(folder.at('answers'));
    const outside = [await answer({ ...plain, constants }), await answer({ ...plain, constants })];
    assert.equal(statSync(folder.at('answers', 'constants.bin')).size, 4 * frozenElements);
    constants.remove();
    assert.deepEqual(outside, [inside, inside]);
    assert.deepEqual(readdirSync(folder.at('answers')), []);
  });

  it('what has no provider here opens nowhere else', async function () {
    if (hasCuda()) this.skip();
    const profile = { ...plain, provider: 'cuda' } as const;
    const refusal = { code: 'DEVICE_UNAVAILABLE' };
    await assert.rejects(step(full, profile), refusal);
    await assert.rejects(score(profile), refusal);
    await assert.rejects(generate(profile), refusal);
  });

  it('f16 has the loss and the gradients of PyTorch, to its precision', async () => {
    const narrow = await step(full, { ...plain, precision: 'f16', recompute: true });
    assertClose(narrow.loss, oracle.full.loss, 2e-3, 'loss');
    assertGradients(narrow.gradients, oracle.full.gradients, 0.02);
  });
});
