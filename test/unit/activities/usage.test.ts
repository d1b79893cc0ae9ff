import assert from 'node:assert/strict';
import { billedFor, Usage } from '../../../activities/usage';
import type { LedgerLine } from '../../../schemas/ledger';

const cost = (usd: number) => ({ inputTokens: 10, outputTokens: 1, usd });
const ended = (totals: Partial<ReturnType<Usage['totals']>>): LedgerLine =>
  ({ type: 'attempt-ended', annotation: null, annotationByFolder: null, ...totals }) as LedgerLine;

describe('bills of model endpoints', () => {
  it('are recorded by folder and as a sum, and left out if no endpoint was called', () => {
    const usage = new Usage();
    assert.deepEqual([usage.annotation, usage.totals().annotationByFolder], [null, null]);
    usage.addCall('own', cost(2));
    usage.addCall('auxiliary', { ...cost(1), calls: 3 });
    usage.addCall('own', cost(4));
    const { annotation, annotationByFolder } = usage.totals();
    assert.deepEqual(annotation, { calls: 5, inputTokens: 30, outputTokens: 3, usd: 7 });
    assert.deepEqual(annotationByFolder?.['auxiliary'], {
      calls: 3,
      inputTokens: 10,
      outputTokens: 1,
      usd: 1,
    });
  });

  it('of one folder do not count for another', () => {
    const first = new Usage();
    first.addCall('own', cost(5));
    const lines = [ended({}), ended(first.totals())];
    assert.equal(billedFor('own', lines).usd, 5);
    assert.equal(billedFor('auxiliary', lines).usd, 0);
  });

  it('of an older line without folders is its sum', () => {
    const line = ended({ annotation: { calls: 1, ...cost(2) } });
    assert.equal(billedFor('own', [line, line]).usd, 4);
  });
});
