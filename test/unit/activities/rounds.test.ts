import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { makePair } from '../../../activities/synthesize-data/pair';
import { planRound } from '../../../activities/synthesize-data/rounds';
import type { GenerationRow } from '../../../schemas/rows';
import { coinTask } from '../../support/coin-task';

const problem = { id: 'p', prompt: 'Q', target: '7' };

function sample(completion: string, index: number): GenerationRow {
  return { id: 'p', sample: index, completion, tokens: completion.length, finish: 'stop' };
}

function pairOf(completions: string[], chosen: 'policy-correct' | 'gold' = 'policy-correct') {
  return makePair(coinTask, problem, { samples: completions.map(sample), chosen });
}

describe('pairs of own samples', () => {
  it('choose the first correct sample and reject the first incorrect one', () => {
    const outcome = pairOf(['odd', 'even', 'o', 'ee']);
    assert.deepEqual(outcome, { row: { id: 'p', prompt: 'Q', chosen: 'even', rejected: 'odd' } });
  });

  it('choose the gold answer if asked to, also when no sample is correct', () => {
    assert.deepEqual(pairOf(['odd'], 'gold'), {
      row: { id: 'p', prompt: 'Q', chosen: ' 7', rejected: 'odd' },
    });
  });

  it('skip a prompt on which the samples agree, and say why', () => {
    assert.deepEqual(pairOf(['odd', 'o']), { skipped: 'all-incorrect' });
    assert.deepEqual(pairOf(['even', 'ee']), { skipped: 'all-correct' });
    assert.deepEqual(pairOf(['even'], 'gold'), { skipped: 'all-correct' });
    assert.deepEqual(
      pairOf(['', 'odd']),
      { skipped: 'all-incorrect' },
      'never choose an empty correct answer',
    );
    const outcome = pairOf(['', 'odd', 'even']);
    assert.deepEqual(outcome, { row: { id: 'p', prompt: 'Q', chosen: 'even', rejected: 'odd' } });
    const strict = { ...coinTask, score: () => ({ ...coinTask.score(problem, 'o', 'stop') }) };
    const samples = [sample('', 0)];
    assert.deepEqual(makePair(strict, problem, { samples, chosen: 'gold' }), {
      skipped: 'incorrect-is-empty',
    });
  });

  it('are found in rounds that end: within the pool, never empty before its end, few for a steady yield', () => {
    const settings = fc.record({
      needed: fc.integer({ min: 1, max: 2000 }),
      pool: fc.integer({ min: 1, max: 8000 }),
      yieldShare: fc.double({ min: 0.05, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(settings, ({ needed, pool, yieldShare }) => {
        let [scanned, found, rounds] = [0, 0, 0];
        while (found < needed && scanned < pool) {
          const count = planRound({ needed, found, scanned, pool });
          assert.ok(Number.isInteger(count) && count > 0 && count <= pool - scanned);
          scanned += count;
          found = Math.floor(scanned * yieldShare);
          rounds++;
        }
        assert.ok(rounds <= 8, `${rounds} rounds`);
        if (scanned < pool) assert.ok(scanned <= Math.max(1.5 * needed, (1.25 * needed) / yieldShare) + 64);
      }),
    );
    assert.equal(planRound({ needed: 100, found: 90, scanned: 200, pool: 200 }), 0);
  });
});
