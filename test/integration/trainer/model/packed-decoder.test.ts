import assert from 'node:assert/strict';
import { packedFeeds, planPacking, shapeOf } from '../../../../trainer/engine/packing';
import { createSource } from '../../../../trainer/engine/train-graphs';
import type { PairRow, SequenceRow, TrainRow } from '../../../../trainer/rows';
import { ops } from '../../../../trainer/graph';
import { createContext, headOf } from '../../../../trainer/model/decoder';
import { decodeSequences } from '../../../support/trainer/dense-decoder';
import { contextsOf, decodePacked, packedInputs } from '../../../../trainer/model/packed-decoder';
import { oracleConfigs, oracleRows, oracleWeights } from '../../../support/trainer/oracle-model';
import { relativeError, runGraph } from '../../../support/trainer/run-graph';

const config = oracleConfigs.grouped;
const source = createSource({ config, weights: oracleWeights(config), lora: null }, new Map());

/** Logits at each token but the last of a single sequence, from dense masked attention. */
async function denseLogits({ ids }: SequenceRow): Promise<Float32Array> {
  const length = ids.length - 1;
  const tokens = ops.integers([...ids.subarray(0, length)]);
  const logits = decodeSequences(createContext(config, source), tokens, { rows: 1, length });
  return (await runGraph({ logits })).get('logits')!;
}

async function packedLogits(rows: readonly TrainRow[]): Promise<Float32Array> {
  const shape = shapeOf(rows, { microBatchSize: rows.length + 1, maxLength: 24 });
  const context = createContext(config, source);
  const hidden = decodePacked(context, packedInputs(shape), shape);
  const logits = ops.matmul(hidden, headOf(context), { transB: true });
  return (await runGraph({ logits }, packedFeeds(planPacking(rows, shape), shape))).get('logits')!;
}

const [a, b, c, d] = oracleRows;
const alone: SequenceRow = { ids: b.ids, completionStart: 0 };
const rejected = { ids: Int32Array.of(...a.ids.subarray(0, 4), 3, 1, 2), completionStart: 4 };
const pair: PairRow = { chosen: a, rejected, referenceChosen: 0, referenceRejected: 0 };

describe('a packed batch without padding', () => {
  it('has the logits of each sequence alone', async () => {
    for (const [rows, scored] of [
      [
        [a, b, c, d],
        [
          [a, 3],
          [b, 0],
          [c, 2],
          [d, 9],
        ],
      ],
      [
        [alone, { ...a, completionStart: 1 }],
        [
          [alone, 0],
          [a, 0],
        ],
      ],
      [
        [pair],
        [
          [a, 3],
          [rejected, 3],
        ],
      ],
    ] as const) {
      const parts = await Promise.all(
        scored.map(async ([row, from]) => (await denseLogits(row)).subarray(from * config.vocabSize)),
      );
      const expected = parts.flatMap((part) => [...part]);
      const found = await packedLogits(rows);
      assert.equal(found.length, expected.length);
      assert.ok(relativeError(found, expected) < 2e-6);
    }
  });

  it('lets both answers of a pair attend to their prompt', () => {
    const shape = { rows: 2, sequences: 2, prompts: true, maxLength: 8 } as const;
    assert.deepEqual(contextsOf(shape), [[], [], [0], [1], [0], [1]]);
    assert.deepEqual(contextsOf({ ...shape, sequences: 1, prompts: false }), [[], []]);
  });
});
