import assert from 'node:assert/strict';
import { defineLoss, type LossOps, type PairTerms, type ScoredAnswer } from '../../../losses';
import { invalidRules } from '../../../losses/define';
import { lossFacts } from '../../../losses/facts';
import { losses } from '../../../losses/registry';
import { preferenceLoss } from '../../../schemas/losses';

const rules = {
  name: 'plain',
  rows: 'pairs',
  paper: null,
  equation: '−log π(chosen)',
  fields: () => ({}),
  title: () => 'Plain',
  hubTag: 'plain',
  needs: { reference: false, lengths: false },
  sftTerm: false,
  value: ({ neg }: LossOps, { chosen }: PairTerms) => neg(chosen.logprob),
  reward: { equation: 'log π', of: ({ logprob }: ScoredAnswer) => logprob },
  atReference: null,
} as const;
const incomplete: Omit<typeof rules, 'paper'> = rules;

// The compiler tests these two lines.
defineLoss(rules);
// @ts-expect-error the rule "paper" is missing
defineLoss(incomplete);

const own = { module: './losses.ts', export: 'margin', beta: 0.5 };

describe('preference losses', () => {
  it('have each name once, and every rule', () => {
    const names = losses.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
    for (const rules of losses) assert.deepEqual(invalidRules(rules), []);
  });

  it('are titled by their options', () => {
    const title = (loss: Parameters<typeof lossFacts>[0]): string => lossFacts(loss, undefined).title;
    assert.equal(title({ name: 'sigmoid', beta: 0.1 }), 'DPO');
    const both = { name: 'sigmoid', beta: 0.1, labelSmoothing: 0.2, sftWeight: 1 } as const;
    assert.equal(title(both), 'Conservative DPO with NLL');
    assert.equal(title({ name: 'simpo', beta: 2, gamma: 0.5 }), 'SimPO');
  });

  it('have a value at the reference unless it depends on the rows', () => {
    const at = (loss: Parameters<typeof lossFacts>[0]): number | null =>
      lossFacts(loss, undefined).lossAtReference;
    assert.equal(at({ name: 'robust', beta: 0.1, labelSmoothing: 0.1 }), Math.LN2);
    assert.equal(at({ name: 'hinge', beta: 0.1 }), 1);
    assert.equal(at({ name: 'ipo', beta: 0.5 }), 1);
    assert.equal(at({ name: 'simpo', beta: 2, gamma: 0.5 }), null);
    assert.equal(at({ name: 'kto', beta: 0.5, desirableWeight: 1, undesirableWeight: 1 }), null);
    assert.equal(at({ name: 'sigmoid', beta: 0.5, sftWeight: 1 }), null);
  });

  it('are plain data to a definition, with defaults', () => {
    assert.deepEqual(preferenceLoss.parse({ name: 'kto', beta: 1 }), {
      ...{ name: 'kto', beta: 1, desirableWeight: 1, undesirableWeight: 1 },
    });
    assert.deepEqual(preferenceLoss.parse(own), own);
    assert.deepEqual(
      preferenceLoss.safeParse({ name: 'hinge', beta: 1, sftWeight: 1 }).error?.issues[0]?.code,
      'unrecognized_keys',
    );
  });
});
