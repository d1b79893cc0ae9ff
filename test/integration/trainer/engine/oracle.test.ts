import { lossOf } from '../../../../losses/registry';
import { createScorer, createTrainEngine } from '../../../../trainer/engine';
import type { PairRow } from '../../../../trainer/rows';
import { scoreHeldOut } from '../../../../trainer/jobs/held-out';
import { freshState } from '../../../../trainer/jobs/training';
import { assertClose, assertGradients } from '../../../support/trainer/assert-oracle';
import {
  oracleAdapter,
  oracleConfigs,
  oracleEngine,
  oracleLora,
  oracleRows,
  readOracle,
} from '../../../support/trainer/oracle-model';

for (const kind of ['tied', 'grouped'] as const) {
  describe(`the ${kind} decoder against PyTorch`, () => {
    const oracle = readOracle(kind);

    it('has the loss and every gradient of a full fine-tune', async () => {
      const engine = createTrainEngine(oracleEngine(kind));
      const metrics = await engine.step(oracleRows, { step: 1, learningRate: 0 });
      assertClose(metrics['loss'] ?? NaN, oracle.full.loss, 2e-6, 'loss');
      assertGradients(engine.exportState().firstMoments, oracle.full.gradients);
      await engine.release();
    });

    it('scores completions', async () => {
      const scorer = createScorer(oracleEngine(kind));
      const scores = await scorer.logprobs(oracleRows);
      for (const [i, expected] of oracle.full.logprobs.entries())
        assertClose(scores[i] ?? NaN, expected, 2e-6, `row ${i}`);
      await scorer.release();
    });

    it('has the held-out loss: the mean per completion token, however rows are split', async () => {
      for (const microBatchSize of [1, 2]) {
        const engine = createTrainEngine(oracleEngine(kind, { microBatchSize }));
        const heldOut = { rows: oracleRows, batchSize: 3, metric: 'eval_loss' } as const;
        const loss = await scoreHeldOut(heldOut, {
          engine,
          events: { broken: false, emit: () => undefined },
          beforeBatch: () => Promise.resolve(),
        });
        assertClose(loss, oracle.full.loss, 2e-6, `held-out loss in parts of ${microBatchSize}`);
        await engine.release();
      }
    });

    it('matches 50 steps of AdamW with warm-up, weight decay and clipping', async () => {
      const engine = createTrainEngine(
        oracleEngine(kind, { optimizer: { ...oracleEngine(kind).optimizer, maxGradNorm: 1 } }),
      );
      for (const [index, expected] of oracle.curve.losses.entries()) {
        const step = index + 1;
        const metrics = await engine.step(oracleRows, { step, learningRate: 1e-3 * Math.min(1, step / 10) });
        assertClose(metrics['loss'] ?? NaN, expected, 1e-6, `loss of step ${step}`);
        assertClose(
          metrics['grad_norm'] ?? NaN,
          oracle.curve.gradient_norms[index] ?? NaN,
          1e-3,
          `norm of step ${step}`,
        );
      }
      await engine.release();
    });

    it('has the loss, margin and adapter gradients of DPO', async () => {
      const { beta, references, loss, margin, gradients } = oracle.preference;
      const engine = createTrainEngine(
        oracleEngine(kind, {
          lora: oracleLora,
          objective: lossOf({ name: 'sigmoid', beta }),
          microBatchSize: 2,
        }),
      );
      engine.importState(freshState(oracleAdapter(oracleConfigs[kind])));
      const pairs: PairRow[] = [
        {
          chosen: oracleRows[0],
          rejected: oracleRows[1],
          referenceChosen: references[0]![0],
          referenceRejected: references[0]![1],
        },
        {
          chosen: oracleRows[2],
          rejected: oracleRows[3],
          referenceChosen: references[1]![0],
          referenceRejected: references[1]![1],
        },
      ];
      const metrics = await engine.step(pairs, { step: 1, learningRate: 0 });
      assertClose(metrics['loss'] ?? NaN, loss, 1e-5, 'loss');
      assertClose(metrics['rewards/margins'] ?? NaN, margin, 1e-5, 'margin');
      assertGradients(engine.exportState().firstMoments, gradients);
      await engine.release();
    });
  });
}
