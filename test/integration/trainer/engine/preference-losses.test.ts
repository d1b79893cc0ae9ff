import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuiltInLoss, losses, lossOf } from '../../../../losses/registry';
import { createTrainEngine, type EngineOptions, type TrainEngine } from '../../../../trainer/engine';
import type { TrainRow } from '../../../../trainer/rows';
import { checkFirstStep } from '../../../../trainer/jobs/first-step';
import { freshState } from '../../../../trainer/jobs/training';
import { assertClose, assertGradients } from '../../../support/trainer/assert-oracle';
import {
  oracleAdapter,
  oracleConfigs,
  oracleEngine,
  oracleLora,
  oracleRows,
  type GradientDigest,
} from '../../../support/trainer/oracle-model';
import { relativeError } from '../../../support/trainer/run-graph';

interface Oracle {
  readonly pairs: readonly (readonly [0 | 1 | 2 | 3, 0 | 1 | 2 | 3])[];
  readonly pairReferences: readonly (readonly [number, number])[];
  readonly labels: readonly boolean[];
  readonly rowReferences: readonly number[];
  readonly mismatched: readonly (0 | 1 | 2 | 3)[];
  readonly mismatchedReferences: Readonly<Record<string, readonly number[]>>;
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly loss: BuiltInLoss;
        readonly value: number;
        /** TRL's names. */
        readonly metrics: Readonly<Record<string, number>>;
        readonly gradients: Readonly<Record<string, GradientDigest>>;
      }
    >
  >;
}

const oracle = JSON.parse(
  readFileSync(join(__dirname, '..', '..', '..', 'oracles', 'preference-losses.json'), 'utf8'),
) as Oracle;

const config = oracleConfigs.grouped;

function rowsOf(name: string): readonly TrainRow[] {
  const mismatched = oracle.mismatchedReferences[name];
  if (mismatched === undefined)
    return oracle.pairs.map(([chosen, rejected], index) => ({
      chosen: oracleRows[chosen],
      rejected: oracleRows[rejected],
      referenceChosen: oracle.pairReferences[index]![0],
      referenceRejected: oracle.pairReferences[index]![1],
    }));
  return oracleRows.map((sequence, index) => ({
    sequence,
    desirable: oracle.labels[index]!,
    reference: oracle.rowReferences[index]!,
    mismatched: oracleRows[oracle.mismatched[index]!],
    referenceMismatched: mismatched[index]!,
  }));
}

async function withEngine<T>(
  loss: BuiltInLoss,
  more: Partial<EngineOptions>,
  use: (engine: TrainEngine) => Promise<T>,
): Promise<T> {
  const engine = createTrainEngine(
    oracleEngine('grouped', { lora: oracleLora, objective: lossOf(loss), ...more }),
  );
  try {
    return await use(engine);
  } finally {
    await engine.release();
  }
}

const runStep = (loss: BuiltInLoss, rows: readonly TrainRow[], microBatchSize = 4) =>
  withEngine(loss, { microBatchSize }, async (engine) => {
    engine.importState(freshState(oracleAdapter(config)));
    const metrics = await engine.step(rows, { step: 1, learningRate: 0 });
    return { metrics, gradients: engine.exportState().firstMoments };
  });

describe('preference losses against TRL', () => {
  it('cover every loss', () => {
    const known = losses.map(({ name }) => name);
    assert.deepEqual(
      [...new Set(Object.values(oracle.cases).map(({ loss }) => loss.name))].sort(),
      known.sort(),
    );
  });

  for (const [name, { loss, value, metrics, gradients }] of Object.entries(oracle.cases))
    it(`${name}: loss, metrics and every gradient`, async () => {
      const found = await runStep(loss, rowsOf(name));
      assertClose(found.metrics['loss'] ?? NaN, value, 1e-5, 'loss');
      for (const [metric, expected] of Object.entries(metrics))
        assertClose(found.metrics[metric] ?? NaN, expected, 1e-5, metric);
      assertGradients(found.gradients, gradients);
    });

  it('label smoothing and the SFT term add up', async () => {
    const name = 'sigmoid with label smoothing';
    const { loss, value } = oracle.cases[name]!;
    assert.ok(loss.name === 'sigmoid');
    const { metrics } = await runStep({ ...loss, sftWeight: 0.7 }, rowsOf(name));
    assertClose(metrics['loss'] ?? NaN, value + 0.7 * (metrics['nll_loss'] ?? NaN), 1e-5, 'loss');
  });
});

describe('preference losses in micro-batches', () => {
  const flat = (tensors: ReadonlyMap<string, { data: Float32Array }>): number[] =>
    [...tensors.values()].flatMap(({ data }) => [...data]);
  for (const [name, { loss }] of Object.entries(oracle.cases))
    it(`${name}: micro-batches of one row equal the whole batch`, async () => {
      const rows = [...rowsOf(name), ...rowsOf(name).slice(0, 1)];
      const whole = await runStep(loss, rows, rows.length);
      const split = await runStep(loss, rows, 1);
      assert.ok(relativeError(flat(split.gradients), flat(whole.gradients)) < 1e-6);
      for (const [metric, value] of Object.entries(whole.metrics))
        assert.ok(Math.abs(split.metrics[metric]! - value) <= 2e-6 * Math.max(1e-2, Math.abs(value)), metric);
    });
});

describe('preference losses where the policy is its reference', () => {
  /** Rows whose reference log-probabilities are the engine's own. */
  async function score(engine: TrainEngine, name: string): Promise<TrainRow[]> {
    const rows: TrainRow[] = [];
    for (const row of rowsOf(name)) {
      if ('chosen' in row) {
        const { chosen, rejected } = await engine.pairLogprobs([row]);
        rows.push({ ...row, referenceChosen: chosen[0]!, referenceRejected: rejected[0]! });
      } else if ('desirable' in row) {
        const [own, other] = await engine.sequenceLogprobs([row.sequence, row.mismatched]);
        rows.push({ ...row, reference: own!, referenceMismatched: other! });
      }
    }
    return rows;
  }

  for (const [name, { loss }] of Object.entries(oracle.cases))
    it(`${name}: passes the check of step 1, which refuses another reference`, async () => {
      await withEngine(loss, {}, async (engine) => {
        const rows = await score(engine, name);
        const metrics = await engine.step(rows, { step: 1, learningRate: 1e-3 });
        assert.doesNotThrow(() => checkFirstStep(lossOf(loss), 1, { metrics, rows }));
        if (!lossOf(loss).needs.reference) return;
        for (const reward of ['rewards/chosen', 'rewards/rejected', 'rewards/margins'])
          assert.equal(metrics[reward], 0);
        const moved = await engine.step(rows, { step: 2, learningRate: 1e-3 });
        assert.throws(() => checkFirstStep(lossOf(loss), 1, { metrics: moved, rows }), {
          code: 'REFERENCE_BROKEN',
        });
        assert.doesNotThrow(() => checkFirstStep(lossOf(loss), 2, { metrics: moved, rows }));
      });
    });
});
