import assert from 'node:assert/strict';
import { costsSection } from '../../../report/sections/costs';
import { sweepDefinition } from '../../../schemas/definition';
import { sweepFixture } from '../../support/report/sweep-fixture';

describe('the costs of a report', () => {
  const input = sweepFixture({ budgets: [64], fractions: [1, 0], items: 20 });
  const textOf = (changes: object): string => {
    const definition = sweepDefinition.parse({ ...input.definition, ...changes });
    return costsSection({ ...input, definition }).text.replace(/\s+/g, ' ');
  };

  it('say what a demonstration and a pair are, and what each part costs', () => {
    const text = textOf({ pairs: { ...input.definition.pairs, chosen: 'gold' } });
    for (const words of [
      'A demonstration: a problem with the answer of annotator majority-error: $0.02.',
      'A pair: a prompt and the verifier&#39;s decision, $0.01; the chosen answer is the reference answer, which costs a demonstration, $0.02; 4 samples for each of about 2.5 prompts, 10 × $0.00010 = $0.0010: $0.0310.',
    ])
      assert.ok(text.includes(words), text);
  });

  it('have the rows of a pipeline that cost something else', () => {
    const otherPrices = [{ noun: 'pairs', usd: 0.2 }];
    const text = costsSection({ ...input, otherPrices }).text.replace(/\s+/g, ' ');
    assert.ok(text.includes('The pipeline also has pairs at $0.20 each. At list price'), text);
  });

  it('escape the name of a file', () => {
    const preferences = { file: 'data/<script>alert(1).csv', source: 'us', license: 'MIT' };
    const text = textOf({ annotations: { preferences } });
    assert.ok(text.includes('A pair: a row of &lt;script&gt;alert(1).csv: $0.01.'), text);
    assert.ok(!text.includes('<script>'));
  });
});
