import assert from 'node:assert/strict';
import { makesRows, type RowsStage } from '../../../planning';
import { UnreportedRows } from '../../../planning/unreported';
import { planStage, stageKinds } from '../../../stages';
import { resolveSweep } from '../../support/planning/resolve';

const { pairs } = resolveSweep().definition;
const context = { resolved: resolveSweep({ pairs: { ...pairs, annotator: 'us' } }), seed: 0 };

function rowsOf(call: Parameters<typeof stageKinds.synthesizeData.plan>[1], seed = 0): RowsStage {
  const stage = planStage(stageKinds.synthesizeData, { ...context, seed }, call);
  assert.ok(makesRows(stage));
  return stage;
}
const demonstrations = rowsOf({ rows: 8 });
const others = rowsOf({ rows: 8 }, 1);
const reference = planStage(stageKinds.freezeReference, context, { adapter: null });
const labelled = rowsOf({ rows: 8, reference });

describe('money of rows that running work may have paid', () => {
  /** A first stage used $12 of rows, paid nothing, and a second one and a third one may have. */
  function afterFirst(stage: RowsStage): UnreportedRows {
    const rows = new UnreportedRows();
    rows.settle({ stage, usd: 0, rowsUsd: 0, listUsd: 12, payer: 'first', sharing: ['second', 'third'] });
    rows.end('first');
    assert.equal(rows.usd, 12);
    return rows;
  }
  const second = { listUsd: 20, payer: 'second', sharing: ['third'] };

  it('is for its own rows first: rows are bought all at once', () => {
    const rows = afterFirst(demonstrations);
    rows.settle({ ...second, stage: demonstrations, usd: 20, rowsUsd: 20 });
    assert.equal(rows.usd, 12, 'all of it for its own');
    rows.settle({ ...second, stage: demonstrations, usd: 27, rowsUsd: 27 });
    assert.equal(rows.usd, 5);
    rows.end('third');
    rows.end('second');
    assert.equal(rows.usd, 0, 'an earlier run had paid');
  });

  it('is for the first labels first: labels are bought one after another', () => {
    const labels = afterFirst(labelled);
    labels.settle({ ...second, stage: labelled, usd: 20, rowsUsd: 20 });
    labels.end('second');
    assert.equal(labels.usd, 12, 'the third has paid the last labels of the second');
    assert.equal(labels.usdOf('third'), 12);
    const all = afterFirst(labelled);
    all.settle({ ...second, stage: labelled, usd: 32, rowsUsd: 32 });
    assert.equal(all.usd, 0);
  });

  it('is not taken off by rows of another order, or by a bill', () => {
    for (const [stage, rowsUsd] of [
      [others, 40],
      [demonstrations, undefined],
    ] as const) {
      const rows = afterFirst(demonstrations);
      rows.settle({ ...second, stage, usd: 40, rowsUsd });
      assert.equal(rows.usd, 12);
    }
    const billed = afterFirst(demonstrations);
    billed.settle({ ...second, stage: demonstrations, usd: 15, rowsUsd: undefined });
    assert.equal(billed.usd, 12 + 5);
  });
});
