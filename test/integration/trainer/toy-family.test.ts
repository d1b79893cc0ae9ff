import assert from 'node:assert/strict';
import { createGenerator, createScorer } from '../../../trainer/engine';
import { createSource } from '../../../trainer/engine/train-graphs';
import { ops } from '../../../trainer/graph';
import { createContext } from '../../../trainer/model/decoder';
import { scaledLlama } from '../../support/toys/scaled-llama';
import { decodeSequences } from '../../support/trainer/dense-decoder';
import { oracleConfigs, oracleRows, oracleWeights } from '../../support/trainer/oracle-model';
import { runGraph } from '../../support/trainer/run-graph';

const config = { ...oracleConfigs.tied, family: scaledLlama };
const weights = oracleWeights(config);
const profile = { threads: 1 } as const;

/** Logits after each token, by a full forward pass without caches and packing. */
async function fullLogits(ids: readonly number[]): Promise<readonly Float32Array[]> {
  const source = createSource({ config, lora: null, weights }, new Map());
  const shape = { rows: 1, length: ids.length };
  const logits = decodeSequences(createContext(config, source), ops.integers([...ids]), shape);
  const values = (await runGraph({ logits })).get('logits')!;
  return ids.map((_, at) => values.subarray(at * config.vocabSize, (at + 1) * config.vocabSize));
}

describe('a family with layers that are not rotated', () => {
  it('generates the best token at each position', async () => {
    const prompt = oracleRows[0].ids.subarray(0, 7);
    const generator = await createGenerator({
      ...{ config, weights, ...profile, batchSize: 1, maxPromptTokens: 8, maxNewTokens: 9 },
      ...{ endOfSequence: config.vocabSize, decoding: { mode: 'greedy' } },
    });
    const [made] = await generator.generate([{ prompt, uniforms: new Float32Array() }]);
    await generator.release();
    assert.equal(made!.ids.length, 9);
    const logits = (await fullLogits([...prompt, ...made!.ids])).slice(prompt.length - 1, -1);
    for (const [at, row] of logits.entries())
      assert.ok(row[made!.ids[at]!]! >= Math.max(...row) - 1e-5, `token ${at}`);
  });

  it('scores packed rows as whole ones', async () => {
    const scorer = createScorer({ config, weights, ...profile, microBatchSize: 4, maxLength: 16 });
    const found = await scorer.logprobs(oracleRows);
    await scorer.release();
    for (const [index, { ids, completionStart }] of oracleRows.entries()) {
      const logits = await fullLogits([...ids]);
      const expected = [...ids.keys()].slice(completionStart).reduce((sum, at) => {
        const row = logits[at - 1]!;
        return sum + row[ids[at]!]! - Math.log(row.reduce((all, z) => all + Math.exp(z), 0));
      }, 0);
      assert.ok(Math.abs(found[index]! - expected) < 1e-4, `row ${index}`);
    }
  });
});
