import assert from 'node:assert/strict';
import { join } from 'node:path';
import { loadDefinition, planSweep } from '../../../../app';
import { createInk } from '../../../../cli/print/ink';
import { renderPlan } from '../../../../cli/print/plan';
import { temporaryFolder } from '../../../support/temporary';

describe('the plan of an example', function () {
  this.timeout(60_000);
  const home = temporaryFolder();

  async function planned(example: string) {
    const path = join(__dirname, '../../../../examples', `${example}.ts`);
    const { definition, tasks } = await loadDefinition(path);
    const { summary, plan } = await planSweep(definition, { home: home.path(), tasks });
    const text = renderPlan(summary, definition, createInk(false)).join(' ').replace(/\s+/g, ' ');
    return { summary, plan, text: /Prices (.*?) Annotation/.exec(text)?.[1] };
  }

  it('with the reference answers as chosen answers prices a pair above a demonstration', async () => {
    const { summary, text } = await planned('own-task');
    const words = [
      'A demonstration: a problem with the answer of annotator clean: $0.0020.',
      "A pair: a prompt and the verifier's decision, $0.0010; the chosen answer is the reference answer, which costs a demonstration, $0.0020; 1 sample for each of about 2.5 prompts, $0.00: $0.0030.",
    ];
    assert.equal(text, words.join(' '));
    const { demonstrations, pairs } = summary.purchase;
    assert.ok(demonstrations > 0 && pairs > 0);
    assert.equal(summary.annotationUsd.toFixed(6), (demonstrations * 0.002 + pairs * 0.003).toFixed(6));
  });

  it('with rows of files names the files', async () => {
    const { text } = await planned('own-annotations');
    assert.equal(
      text,
      'A demonstration: a row of solutions.csv: $0.0020. A pair: a row of comparisons.jsonl: $0.0010.',
    );
  });

  it('with a pipeline that buys other rows says what these cost', async () => {
    const { text } = await planned('best-of-n');
    assert.equal(
      text,
      'A demonstration: a problem with the answer of annotator majority-error: $0.0020. The pipeline also has correct samples at $0.00 each.',
    );
  });
});
