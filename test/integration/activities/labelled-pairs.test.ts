import { strict as assert } from 'node:assert';
import { preferenceAnnotator } from '../../../annotators';
import type { PreferenceAnnotator, PreferenceItem } from '../../../contracts/task';
import { BudgetlineError } from '../../../core/failures';
import { coinTask } from '../../support/coin-task';
import { labelledCell, type LabelledSetup, longer, pairsOf } from '../../support/labelled-bench';
import { prices } from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';

describe('pairs by labels', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let model: string;
  before(async () => {
    model = await makeTinyModel(folder.at('model'));
  });

  const cellOf = (setup: Omit<LabelledSetup, 'model' | 'home'>) =>
    labelledCell({ model, home: folder.at(setup.annotator.name), ...setup });

  it('choose what the labels prefer, are trained on, and nest', async () => {
    const asked: number[] = [];
    const program = preferenceAnnotator({
      name: 'longer',
      description: 'Prefers the longer answer.',
      by: (_, first, second) => longer(first, second),
    });
    const counting: PreferenceAnnotator = {
      ...program,
      code: program.code,
      preferBatch(items, session) {
        asked.push(items.length);
        return program.preferBatch(items, session);
      },
    };
    const free = { ...prices, verifierCall: 0 };
    const { bench, stages, stage } = await cellOf({ annotator: counting, prices: free });
    const { metrics, labels, skipped = {}, rowSource } = await bench.run(stage);
    const rows = await pairsOf(bench, stage);
    assert.equal(rows.length, 6);
    for (const { chosen, rejected } of rows) assert.ok(chosen.length > rejected.length && rejected !== '');
    assert.ok(
      asked[0]! <= 2 * 6 && asked.slice(1).every((count) => count < asked[0]!),
      'only what is missing',
    );
    const labelled = asked.reduce((sum, count) => sum + count, 0);
    const { tie = 0, refusal, 'too-few-candidates': tooFew = 0 } = skipped;
    assert.deepEqual([metrics['labels'], refusal], [labelled, 0]);
    assert.equal(labelled, 2 * (6 + tie));
    assert.equal(metrics['promptsScanned'], 6 + tie + tooFew);
    assert.deepEqual(
      [metrics['labelledAgain'], metrics['labelledAlike'], metrics['orderFlips'], metrics['labelTies']],
      [6 + tie, 6 + tie, 0, 2 * tie],
    );
    assert.equal(
      labels?.reduce((sum, { times }) => sum + times, 0),
      6 + tie,
    );
    assert.deepEqual(rowSource, {
      what: 'labelled-pairs',
      from: 'longer',
      label: 'preference labels by longer',
    });
    const score = (answer: string): number => coinTask.score(null as never, answer, 'stop').score;
    const lower = rows.filter(({ chosen, rejected }) => score(chosen) < score(rejected)).length;
    assert.deepEqual(
      [metrics['verifierCalls'], metrics['checked'], metrics['verifierMismatches']],
      [0, 6, lower],
    );
    for (const each of stages.slice(stages.indexOf(stage) + 1)) await bench.run(each);

    const fewer = await cellOf({ annotator: counting, rows: 2 });
    await fewer.bench.run(fewer.stage);
    assert.deepEqual(await pairsOf(fewer.bench, fewer.stage), rows.slice(0, 2));
  });

  it('do not use the verifier where its calls have a price', async () => {
    const annotator = preferenceAnnotator({
      name: 'quiet',
      description: 'Prefers the longer answer.',
      by: (_, first, second) => longer(first, second),
    });
    const { bench, stage } = await cellOf({ annotator, rows: 2, labels: 1 });
    const { metrics } = await bench.run(stage);
    assert.deepEqual([metrics['verifierCalls'], metrics['checked']], [0, undefined]);
    assert.equal(metrics['labels'], metrics['labelTies']! + 2);
  });

  it('wait for their annotator, keep their samples meanwhile, and report its bill', async () => {
    let ready = false;
    const seen: (readonly PreferenceItem[])[] = [];
    const annotator: PreferenceAnnotator = {
      name: 'slow',
      description: 'Is not ready at first.',
      identify: () => Promise.resolve({ kind: 'people', version: 1 }),
      preferBatch(items, session) {
        seen.push(items);
        if (!ready) return Promise.reject(new BudgetlineError('ANNOTATION_PENDING', 'Not yet.'));
        session.spent({ calls: items.length, inputTokens: 5, outputTokens: 2, usd: 0.25 * items.length });
        return Promise.resolve(items.map(({ first, second }) => longer(first, second)));
      },
    };
    const { bench, stage } = await cellOf({ annotator, rows: 3 });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const failure = await bench.fail(stage, { attempt });
      assert.deepEqual([failure.type, failure.nonRetryable], ['ANNOTATION_PENDING', false]);
    }
    ready = true;
    const { metrics } = await bench.run(stage, { attempt: 3 });
    assert.deepEqual([seen[1], seen[2]], [seen[0], seen[0]], 'the same items');
    const bought = seen.slice(2).flat();
    const paid = [metrics['annotatorCalls'], metrics['annotatorUsd'], metrics['labels']];
    assert.deepEqual(paid, [bought.length, 0.25 * bought.length, bought.length]);
    for (const { problem, prompt, first, second, label } of bought) {
      const other = bought.find((item) => item.problem.id === problem.id && item.label === 1 - label);
      assert.deepEqual([other?.prompt, other?.first, other?.second], [prompt, second, first], 'both orders');
    }
    assert.equal(await bench.trainers([stage]), 1);
  });

  it('are none where the labels follow the place, or refuse', async () => {
    const annotator = preferenceAnnotator({
      name: 'biased',
      description: 'Prefers what it is shown first.',
      by: ({ id }) => (id.endsWith('0') ? 'refusal' : 'first'),
    });
    const { bench, stage } = await cellOf({ annotator, rows: 2 });
    const failure = await bench.fail(stage);
    assert.equal(failure.type, 'POOL_EXHAUSTED');
    assert.match(failure.message, /^2 labelled pairs are needed; all 128 prompts of the pool yielded 0 /);
    assert.match(failure.message, /tie [1-9]\d*, refusal [1-9]\d*\)\.$/);
  });

  it('need a label for each item', async () => {
    const annotator: PreferenceAnnotator = {
      name: 'short',
      description: 'Leaves the last item out.',
      preferBatch: (items) => Promise.resolve(items.slice(1).map(() => 'first')),
    };
    const { bench, stage } = await cellOf({ annotator, rows: 2 });
    const failure = await bench.fail(stage);
    assert.equal(failure.type, 'ANNOTATOR_FAULTY');
    assert.match(failure.message, /^short returned \d+ texts for \d+ items\.$/);
  });
});
