import assert from 'node:assert/strict';
import { billedFor, Usage } from '../../../activities/usage';
import type { LedgerLine } from '../../../schemas/ledger';
import { paidNothing } from '../../support/payments';

const cost = (usd: number) => ({ inputTokens: 10, outputTokens: 1, usd });
/** The chain of attempts that each paid a bill. */
const chainOf = (usages: readonly Usage[]): LedgerLine[] =>
  usages.flatMap(({ annotation, annotationByFolder }, fence) => [
    { type: 'attempt-started', fence } as LedgerLine,
    { type: 'attempt-ended', fence, ...paidNothing, annotation, annotationByFolder } as LedgerLine,
  ]);

describe('bills of model endpoints', () => {
  it('are recorded by folder and as a sum, and left out if no endpoint was called', () => {
    const usage = new Usage();
    assert.deepEqual([usage.annotation, usage.annotationByFolder], [null, null]);
    usage.addCall('own', cost(2));
    usage.addCall('auxiliary', { ...cost(1), calls: 3 });
    usage.addCall('own', cost(4));
    const { annotation, annotationByFolder } = usage;
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
    const lines = chainOf([new Usage(), first]);
    assert.equal(billedFor('own', lines).usd, 5);
    assert.equal(billedFor('auxiliary', lines).usd, 0);
  });
});
