import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { checkpointJudge, peopleJudge, PeopleQueue, preferenceAnnotator } from '../../../annotators';
import { purchasesIn } from '../../../audit';
import type { PlannedStage, StageResult } from '../../../contracts/stage';
import type { Preference, PreferenceAnnotator } from '../../../contracts/task';
import { BudgetlineError } from '../../../core/failures';
import { asMade, listPriceUsd } from '../../../planning';
import type { LineOf } from '../../../schemas/ledger';
import { atYield } from '../../../stages';
import { createFolderStore, type Store } from '../../../store';
import { labelledCell, type LabelledSetup, longer } from '../../support/labelled-bench';
import { prices as benchPrices, type StageBench } from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';

const prices = { ...benchPrices, sample: 0.125, preferenceLabel: 0.5 };
const isEnd = (line: { type: string }): line is LineOf<'attempt-ended'> => line.type === 'attempt-ended';

describe('what labelled pairs cost', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let model: string;
  before(async () => {
    model = await makeTinyModel(folder.at('model'));
  });
  const cellOf = ({ home, ...setup }: Omit<LabelledSetup, 'model' | 'home'> & { readonly home?: string }) =>
    labelledCell({ model, home: folder.at(home ?? setup.annotator.name), prices, ...setup });

  /** Prefers an answer that is at least 4 characters longer. */
  const muchLonger = (first: string, second: string) =>
    Math.abs(first.length - second.length) < 4 ? 'tie' : longer(first, second);

  const program = (name: string, by: typeof longer = muchLonger): PreferenceAnnotator =>
    preferenceAnnotator({ name, description: 'A program.', by: (_, first, second) => by(first, second) });

  const ends = async (bench: StageBench, stage: PlannedStage) => (await bench.ledger(stage)).filter(isEnd);

  /** The labels that each line of the nest bought. */
  const boughtIn = async ({ store }: StageBench, { nest = '' }: PlannedStage): Promise<number[]> =>
    purchasesIn(await store.chain({ nest }).read()).map((line) =>
      line.type === 'labels-bought' ? line.labels : assert.fail(line.type),
    );

  const count = ({ metrics }: StageResult, name: string): number => metrics[name]!;
  const labelsUsd = (result: StageResult): number => count(result, 'labels') * prices.preferenceLabel;
  const samplesUsd = (result: StageResult): number => count(result, 'samples') * prices.sample;

  it('is their labels, also those of ties, and their samples; the plan says the same at this yield', async () => {
    const price = fc.integer({ min: 0, max: 400 }).map((mills) => mills / 1000);
    const priced = fc.record({
      ...{ sftExample: price, preferencePair: price, sample: price, verifierCall: price },
      preferenceLabel: fc.option(price, { nil: undefined }),
    });
    for (const [at, some] of fc.sample(priced, 4).entries()) {
      const labels = 1 + at;
      const setup = { annotator: program('priced'), home: `priced-${at}`, labels, prices: some };
      const { bench, stage } = await cellOf(setup);
      const result = await bench.run(stage);
      const { skipped = {}, metrics } = result;
      assert.ok(skipped['tie']! > 0, 'some labels made no pair');
      const label = some.preferenceLabel ?? some.preferencePair;
      const [made, scanned] = [count(result, 'labels'), count(result, 'promptsScanned')];
      const usd = made * label + 3 * scanned * some.sample;
      assert.ok(Math.abs(result.usd - usd) < 1e-9, `${result.usd} of ${usd}`);
      const planned = listPriceUsd([asMade(atYield(stage, 6 / scanned), metrics)]);
      assert.ok(Math.abs(result.usd - planned) < 1e-9, `${result.usd} of ${planned}`);
      assert.equal(made, labels * (scanned - skipped['too-few-candidates']!));
      const [end] = await ends(bench, stage);
      assert.deepEqual(
        [end?.usd, end?.rowsUsd, end?.verifierCalls, end?.unscored],
        [result.usd, result.rowsUsd, 0, 3 * scanned],
      );
    }
  });

  it('is each label once in nested sets, and the samples of every set', async () => {
    const annotator = program('nested');
    const results: StageResult[] = [];
    for (const rows of [4, 9, 2]) {
      const { bench, stage } = await cellOf({ annotator, rows });
      results.push(await bench.run(stage));
    }
    const [small, large, smallest] = results as [StageResult, StageResult, StageResult];
    assert.equal(small.rowsUsd, labelsUsd(small));
    assert.equal(large.rowsUsd, labelsUsd(large) - labelsUsd(small));
    assert.equal(smallest.rowsUsd, 0);
    for (const result of results) assert.equal(result.usd, result.rowsUsd! + samplesUsd(result));
  });

  /** Labels as the program does, where `isReady`; otherwise it asks for a retry. */
  const waiting = (labels: PreferenceAnnotator, isReady: () => boolean): PreferenceAnnotator => ({
    ...labels,
    code: labels.code,
    identify: () => Promise.resolve({ kind: 'people', version: 1 }),
    preferBatch: (items, session) =>
      isReady()
        ? labels.preferBatch(items, session)
        : Promise.reject(new BudgetlineError('ANNOTATION_PENDING', 'Not yet.')),
  });

  it('is paid as the labels are made: an attempt pays for those that no other attempt has bought', async () => {
    let batches = 0;
    const { bench, stage } = await cellOf({
      annotator: waiting(program('late'), () => (batches += 1) !== 2),
    });
    const failure = await bench.fail(stage);
    assert.equal(failure.type, 'ANNOTATION_PENDING');
    const first = await boughtIn(bench, stage);
    assert.equal(first.length, 1, 'one batch');
    const result = await bench.run(stage, { attempt: 2 });
    const paid = (await ends(bench, stage)).map(({ usd }) => usd);
    assert.deepEqual(paid, [first[0]! * 0.5, labelsUsd(result) - first[0]! * 0.5 + samplesUsd(result)]);
    assert.equal(result.usd, labelsUsd(result) + samplesUsd(result), 'the request with both attempts');
    const all = await boughtIn(bench, stage);
    assert.equal(
      all.reduce((sum, labels) => sum + labels, 0),
      count(result, 'labels'),
    );
  });

  /** A store that takes no end of an attempt until the attempt is recorded as lost. */
  function losing(home: string): Store {
    const store = createFolderStore(home);
    let isBlocked = true;
    return {
      ...store,
      chain(id) {
        const chain = store.chain(id);
        return {
          ...chain,
          append(entry, fence) {
            if (entry.type === 'attempt-lost') isBlocked = false;
            return isBlocked && entry.type === 'attempt-ended' && entry.kind === 'synthesizeData'
              ? Promise.reject(new BudgetlineError('DISK_FULL', 'No space is left.'))
              : chain.append(entry, fence);
          },
        };
      },
    };
  }

  it('is in the next attempt if the one that bought the labels is lost', async () => {
    let batches = 0;
    const annotator = waiting(program('lost'), () => (batches += 1) !== 2);
    const { bench, stage } = await cellOf({ annotator, store: losing(folder.at('lost')) });
    await bench.fail(stage);
    const [before] = await boughtIn(bench, stage);
    const result = await bench.run(stage, { attempt: 2 });
    const paid = (await ends(bench, stage)).map(({ usd }) => usd);
    assert.ok(before! > 0);
    assert.deepEqual(paid, [labelsUsd(result) + samplesUsd(result)]);
    assert.equal(result.usd, paid[0]);
  });

  it('is within the allowance of each request, and a later run pays for what is new', async () => {
    let batches = 0;
    const never = waiting(
      program('never', () => 'tie' as const),
      () => (batches += 1) !== 5,
    );
    const { bench, stage } = await cellOf({ annotator: never, rows: 4 });
    const planned = listPriceUsd([stage]);
    // The expected labels count as planned, whoever bought them.
    const expectedUsd = stage.rows!.labels!.count * prices.preferenceLabel;
    const onePromptUsd = 2 * prices.preferenceLabel + 3 * prices.sample;
    const first = { runId: 'first', allowanceUsd: planned + 20 };
    assert.equal((await bench.fail(stage, first)).type, 'ANNOTATION_PENDING');
    const early = (await boughtIn(bench, stage)).reduce((sum, each) => sum + each, 0);
    assert.ok(early > stage.rows!.labels!.count, 'more than planned');
    let paid = 0;
    for (const [request, mostUsd] of [
      [{ ...first, attempt: 2 }, planned + 20],
      [{ runId: 'second', allowanceUsd: planned + 7 }, planned + 7 - expectedUsd],
    ] as const) {
      const failure = await bench.fail(stage, request);
      assert.equal(failure.type, 'SPEND_LIMIT');
      const [{ spentUsd }] = failure.details as [{ spentUsd: number }];
      assert.ok(spentUsd <= mostUsd && spentUsd > mostUsd - onePromptUsd, `${spentUsd} of ${mostUsd}`);
      paid += spentUsd;
    }
    const labels = (await boughtIn(bench, stage)).reduce((sum, each) => sum + each, 0);
    assert.ok(Math.abs(paid - (labels / 2) * onePromptUsd) < 1e-9, 'each label and sample once');
    const booked = (await ends(bench, stage)).reduce((sum, { usd }) => sum + usd, 0);
    assert.ok(Math.abs(paid - booked) < 1e-9);
  });

  it('is the bill of an endpoint in place of the labels, and the samples, which the allowance covers too', async () => {
    const [perLabel, seen] = [0.25, [] as (number | undefined)[]];
    const labels = program('billed');
    const annotator: PreferenceAnnotator = {
      ...labels,
      code: labels.code,
      identify: () =>
        Promise.resolve({ kind: 'endpoint', model: 'm', promptTemplateSha256: 'a'.repeat(64), settings: {} }),
      preferBatch(items, session) {
        const { allowanceUsd } = session;
        seen.push(allowanceUsd);
        const usd = perLabel * items.length;
        if (allowanceUsd !== undefined && usd > allowanceUsd)
          return Promise.reject(new BudgetlineError('SPEND_LIMIT', 'Too little is left.'));
        session.spent({ calls: items.length, inputTokens: 1, outputTokens: 1, usd });
        return labels.preferBatch(items, session);
      },
    };
    const { bench, stage } = await cellOf({ annotator });
    const result = await bench.run(stage, { allowanceUsd: 100 });
    const billUsd = count(result, 'labels') * perLabel;
    assert.deepEqual([result.usd, result.rowsUsd], [billUsd + samplesUsd(result), undefined]);
    assert.equal(count(result, 'annotatorUsd'), billUsd);
    assert.deepEqual(await boughtIn(bench, stage), []);
    assert.equal(seen[0], 100 - 6 * 3 * prices.sample, 'the first 6 prompts are sampled');
    assert.ok(seen.length > 1 && seen[1]! < seen[0] - perLabel * 12 + 1e-9);

    const poor = await cellOf({ annotator, rows: 8 });
    const failure = await poor.bench.fail(poor.stage, { runId: 'poor', allowanceUsd: 1 });
    assert.equal(failure.type, 'SPEND_LIMIT');
    assert.equal(seen.at(-1), 1 - 2 * 3 * prices.sample, 'no more than 2 prompts were sampled');
    const [details] = failure.details as { spentUsd: number }[];
    assert.ok(details!.spentUsd <= 1, `${details!.spentUsd}`);
  });

  it('of people is their labels, refusals included', async () => {
    const queue = folder.at('queue');
    const by = peopleJudge({ name: 'us', description: 'Us.', folder: queue });
    const { bench, stage } = await cellOf({
      annotator: preferenceAnnotator({ name: 'us', description: 'We label.', by }),
      rows: 3,
    });
    const says: Record<Preference, string> = { first: 'A', second: 'B', tie: 'tie', refusal: 'refusal' };
    let answered = 0;
    let result: StageResult | undefined;
    for (let attempt = 1; result === undefined && attempt < 20; attempt += 1) {
      result = await bench.run(stage, { attempt }).catch(() => undefined);
      const open = await new PeopleQueue(queue).open();
      await new PeopleQueue(queue).take(
        open.map(({ id, first, second }) => {
          answered += 1;
          const vote = answered % 5 < 2 ? 'refusal' : longer(String(first), String(second));
          return { fields: { id, completion: says[vote] }, place: id };
        }),
      );
    }
    assert.ok(result !== undefined && result.skipped!['refusal']! + result.skipped!['tie']! > 0);
    assert.equal(count(result, 'labels'), answered);
    assert.ok(count(result, 'labelRefusals') > 0);
    assert.equal(result.usd, answered * prices.preferenceLabel + samplesUsd(result));
  });

  it('of a local checkpoint is its labels, also where it prefers none', async () => {
    const by = checkpointJudge({ name: 'local', description: 'Tiny.', model, maxNewTokens: 4 });
    const annotator = preferenceAnnotator({ name: 'local', description: 'It labels.', by });
    const { bench, stage } = await cellOf({ annotator, rows: 64 });
    const failure = await bench.fail(stage);
    assert.equal(failure.type, 'POOL_EXHAUSTED');
    const labels = (await boughtIn(bench, stage)).reduce((sum, each) => sum + each, 0);
    assert.ok(labels > 100, `${labels} labels`);
    const [details] = failure.details as { spentUsd: number }[];
    assert.equal(details!.spentUsd, labels * prices.preferenceLabel + 128 * 3 * prices.sample);
  });
});
