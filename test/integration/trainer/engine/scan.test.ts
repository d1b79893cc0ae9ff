import assert from 'node:assert/strict';
import {
  createTrainEngine,
  type EngineOptions,
  type GraphProfile,
  type StepRequest,
} from '../../../../trainer/engine';
import type { PairRow, SequenceRow } from '../../../../trainer/rows';
import { lossOf } from '../../../../losses/registry';
import { freshState } from '../../../../trainer/jobs/training';
import {
  oracleAdapter,
  oracleConfigs,
  oracleEngine,
  oracleLora,
  oracleRows,
  oracleWeights,
} from '../../../support/trainer/oracle-model';

const config = oracleConfigs.grouped;
const [a, bare, c, d] = oracleRows;
/** With a prompt like all others, so that every step uses the same graph. */
const b = { ...bare, completionStart: 3 };

/** Steps of one and of several micro-batches, some with a short last one. */
const sequences: readonly (readonly SequenceRow[])[] = [[a, b, c, d], [b], [c, d, a], [d, c, b, a], [a, c]];
/** The second step has no prompt. */
const bareSteps: readonly (readonly SequenceRow[])[] = [[a, c], [bare], [d, a]];
const pairs = sequences.map((rows) => rows.map(pairOf));

/** A pair of answers of the same length. */
function pairOf({ ids, completionStart }: SequenceRow): PairRow {
  const other = ids.map((id, at) => (at < completionStart ? id : (id + 1) % config.vocabSize));
  const [chosen, rejected] = [ids, other].map((each) => ({ ids: each, completionStart }));
  return { chosen: chosen!, rejected: rejected!, referenceChosen: -9, referenceRejected: -7 };
}

const full = oracleEngine('grouped', { microBatchSize: 2 });
const adapted: EngineOptions = {
  ...full,
  lora: oracleLora,
  objective: lossOf({ name: 'sigmoid', beta: 0.5 }),
};
const plain: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };

/** Metrics and state after all steps, requested in groups of the given sizes. */
async function run(
  options: EngineOptions,
  profile: GraphProfile,
  groups: readonly number[],
  steps = options.lora === null ? sequences : pairs,
) {
  const engine = createTrainEngine({ ...options, profile });
  try {
    if (options.lora !== null) engine.importState(freshState(oracleAdapter(config)));
    const requests = steps.map((each, i): StepRequest => ({
      rows: each,
      step: i + 1,
      learningRate: 1e-3 * (i + 1),
    }));
    const metrics = [];
    for (const [index, size] of groups.entries()) {
      const from = groups.slice(0, index).reduce((sum, other) => sum + other, 0);
      metrics.push(...(await engine.steps(requests.slice(from, from + size))));
    }
    return { metrics, state: engine.exportState(), stepsPerCall: engine.stepsPerCall };
  } finally {
    await engine.release();
  }
}

describe('several steps in one call', () => {
  for (const [name, options, change] of [
    ['full fine-tune', full, {}],
    ['full fine-tune, a micro-batch a step', { ...full, microBatchSize: 4 }, {}],
    ['DPO with LoRA and dropout', { ...adapted, lora: { ...oracleLora, dropout: 0.2 } }, {}],
    ['recomputation, chunked logits', adapted, { recompute: true, logitTokens: 5 }],
    ['f16', full, { precision: 'f16', logitTokens: 5 }],
  ] as const)
    it(`${name}: equal single calls, bit for bit`, async () => {
      const profile: GraphProfile = { ...plain, ...change };
      const separate = await run(options, profile, [1, 1, 1, 1, 1]);
      for (const groups of [[5], [2, 3]]) {
        const together = await run(options, { ...profile, stepsPerCall: 4 }, groups);
        assert.deepEqual(together.metrics, separate.metrics);
        assert.deepEqual(together.state, separate.state);
      }
    });

  it('do not depend on the groups of steps, also if some rows have no prompt', async () => {
    // Wide enough that the last bits of a product depend on its number of rows.
    const wide = { ...config, hiddenSize: 256, intermediateSize: 512, headSize: 64 };
    const options = { ...full, config: wide, weights: oracleWeights(wide), prompts: true };
    const runGroups = (groups: number[]) => run(options, { ...plain, stepsPerCall: 4 }, groups, bareSteps);
    const separate = await runGroups([1, 1, 1]);
    for (const groups of [[3], [2, 1]]) assert.deepEqual(await runGroups(groups), separate);
  });

  it('are limited by the profile, and KTO makes one step in a call', async () => {
    const kto = { name: 'kto', beta: 0.1, desirableWeight: 1, undesirableWeight: 1 } as const;
    for (const [options, expected] of [
      [full, 4],
      [{ ...full, objective: lossOf(kto) }, 1],
    ] as const) {
      const engine = createTrainEngine({ ...options, profile: { ...plain, stepsPerCall: 4 } });
      assert.equal(engine.stepsPerCall, expected);
      await engine.release();
    }
  });
});
