import assert from 'node:assert/strict';
import { rouge } from '../../../text/rouge';
import { readOracle } from '../../support/oracle';

interface Case {
  readonly reference: string;
  readonly candidate: string;
  readonly rouge1: number;
  readonly rouge2: number;
  readonly rougeL: number;
}

describe('ROUGE', () => {
  it('equals rouge-score on every pair of its texts', () => {
    const { cases } = readOracle('rouge') as { cases: Case[] };
    for (const { reference, candidate, ...expected } of cases) {
      const found = rouge(reference, candidate);
      for (const name of ['rouge1', 'rouge2', 'rougeL'] as const)
        assert.ok(Math.abs(found[name] - expected[name]) < 1e-9, `${name} of "${reference}", "${candidate}"`);
    }
    assert.ok(cases.length > 100);
  });
});
