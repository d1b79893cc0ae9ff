import assert from 'node:assert/strict';
import { planStage, stageKinds } from '../../../stages';
import {
  endpointAnnotator,
  endpointJudge,
  peopleAnnotator,
  preferenceAnnotator,
  type PreferenceAnnotatorOptions,
  withAnnotators,
  withJudges,
  withPreferenceAnnotators,
} from '../../../annotators';
import { assertIdentified, findPreferenceAnnotator } from '../../../activities/task-data';
import { judgesOf } from '../../../app/plan/place-facts';
import { resolveDefinition, defineSweep } from '../../../definitions';
import type { Task } from '../../../contracts/task';
import { planGrid } from '../../../planning';
import { defineTask, gradeSchoolMath, gradeSchoolMathDefaults, helpfulness } from '../../../tasks';
import { createBench } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';

const endpoint = (change: object = {}) =>
  endpointAnnotator({
    name: 'model',
    description: 'A model.',
    baseUrl: 'http://127.0.0.1:9/v1',
    model: 'one',
    apiKeyVariable: 'NO_KEY',
    spendLimitUsd: 1,
    prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
    ...change,
  });
const math: Task = gradeSchoolMath;
const mathWith = (change?: object): Task => withAnnotators(math, endpoint(change));
const letters = (version?: number) =>
  defineTask({
    name: 'letters',
    metric: 'accuracy',
    target: () => 'a',
    score: (_item, answer) => ({ score: Number(answer === 'a') }),
    synthesize: (random) => random(),
    prompt: (item: number) => `${item}?\nA:`,
    annotators: [
      {
        name: 'model',
        description: 'A program.',
        demonstrate: () => 'a',
        version,
      },
    ],
  }) as Task;

describe('the identity of annotators and judges in stage keys', () => {
  const folder = temporaryFolder();
  const resolve = (task: Task, annotator = 'model') =>
    resolveDefinition(
      defineSweep({
        ...gradeSchoolMathDefaults,
        name: 'who',
        task: task.name,
        annotator,
        data: { source: 'synthetic', pool: 16, validation: 1, test: 2 },
        budgets: [4],
        sftFractions: [1],
        evaluation: { items: 2, maxNewTokens: 8 },
      }),
      { tasks: [task] },
    );
  const plan = async (task: Task, annotator?: string) => await planGrid(await resolve(task, annotator));
  const keysOf = async (task: Task, annotator?: string) =>
    Object.fromEntries((await plan(task, annotator)).stages.map(({ stage }) => [stage.title, stage.key]));

  it('changes with model, prompt and settings, not with price, rate or address', async () => {
    const before = await keysOf(mathWith());
    for (const change of [{ model: 'two' }, { system: 'Be brief.' }, { temperature: 1 }, { maxTokens: 9 }]) {
      const after = await keysOf(mathWith(change));
      const changed = Object.keys(before).filter((title) => before[title] !== after[title]);
      assert.ok(changed.includes('4 demonstrations by model'), JSON.stringify(change));
      assert.ok(!changed.includes('Reference: the base model'), 'it reads no demonstrations');
    }
    const same = { requestsPerMinute: 1, spendLimitUsd: 9, baseUrl: 'http://127.0.0.1:1/v1' };
    assert.deepEqual(await keysOf(mathWith(same)), before);
  });

  it('is a program’s source, or its version', async () => {
    assert.deepEqual(await keysOf(letters()), await keysOf(letters()));
    assert.deepEqual(await keysOf(letters(1)), await keysOf(letters(1)));
    assert.notDeepEqual(await keysOf(letters()), await keysOf(letters(1)));
    assert.notDeepEqual(await keysOf(letters(1)), await keysOf(letters(2)));
    const people = peopleAnnotator({ name: 'people', description: 'Us.', folder: folder.path() });
    const withPeople = withAnnotators(math, people);
    assert.deepEqual(await keysOf(withPeople, 'clean'), await keysOf(math, 'clean'));
  });

  it('is part of the sweep’s id; a worker with another annotator of the name refuses the stage', async () => {
    const resolved = await resolve(mathWith());
    assert.notEqual((await plan(mathWith())).sweepId, (await plan(mathWith({ model: 'two' }))).sweepId);
    const bench = createBench(folder.at('home'), { deps: { tasks: [mathWith({ model: 'two' })] } });
    const failure = await bench.fail(
      planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows: 2 }),
    );
    assert.deepEqual([failure.type, failure.nonRetryable], ['CODE_DIFFERS', true]);
    assert.match(failure.message, /differs from the plan's/);
  });

  it('of an auxiliary task’s judge enters evaluations, which then need no device, and is compared with the annotator', async () => {
    const judge = (model: string) =>
      endpointJudge({
        name: 'judge',
        description: 'A model.',
        baseUrl: 'http://127.0.0.1:9/v1',
        model,
        apiKeyVariable: 'NO_KEY',
        spendLimitUsd: 1,
        prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
      });
    const resolveWith = (model: string) =>
      resolveDefinition(
        defineSweep({
          ...gradeSchoolMathDefaults,
          name: 'who',
          annotator: 'model',
          data: { source: 'synthetic', pool: 16, validation: 1, test: 2 },
          budgets: [4],
          sftFractions: [1],
          evaluation: {
            items: 2,
            maxNewTokens: 8,
            auxiliary: [{ task: 'helpfulness', items: 2, maxNewTokens: 8, judge: 'judge' }],
          },
        }),
        { tasks: [mathWith(), withJudges(helpfulness as Task, judge(model))] },
      );
    const [one, other] = [await planGrid(await resolveWith('one')), await planGrid(await resolveWith('two'))];
    const changed = one.stages.flatMap(({ stage }, at) =>
      stage.key === other.stages[at]?.stage.key ? [] : [stage.kind],
    );
    assert.deepEqual([...new Set(changed)], ['evaluate']);
    const evaluations = one.stages.filter(({ stage }) => stage.kind === 'evaluate');
    assert.ok(evaluations.every(({ stage }) => stage.judgedOffDevice === true));
    // The annotator's model is "one" too.
    const warns = ({ warnings }: typeof one) =>
      warnings.filter((text) => text.includes('also the annotator')).length;
    assert.deepEqual([warns(one), warns(other)], [1, 0]);
    assert.deepEqual(judgesOf(await resolveWith('one')), {
      judge: 'of helpfulness: judge (endpoint, model one); it is also the annotator',
    });
  });

  describe('of a preference annotator', () => {
    const judge = (change: object = {}) =>
      endpointJudge({
        name: 'judge',
        description: 'A model.',
        baseUrl: 'http://127.0.0.1:9/v1',
        model: 'one',
        apiKeyVariable: 'NO_KEY',
        spendLimitUsd: 1,
        prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
        ...change,
      });
    const labelling = (by: PreferenceAnnotatorOptions['by'], description = 'Labels.') =>
      withPreferenceAnnotators(math, preferenceAnnotator({ name: 'labels', description, by }));
    const resolvePairs = (task: Task, annotator = 'labels', change: object = {}) => {
      const { pairs, ...defaults } = gradeSchoolMathDefaults;
      return resolveDefinition(
        defineSweep({
          ...defaults,
          name: 'who',
          annotator: 'clean',
          data: { source: 'synthetic', pool: 16, validation: 1, test: 2 },
          budgets: [4],
          sftFractions: [0],
          pairs: { ...pairs, annotator },
          evaluation: { items: 2, maxNewTokens: 8 },
          ...change,
        }),
        { tasks: [task] },
      );
    };

    it('is pinned by model, prompt and settings, not by price or address', async () => {
      const digestOf = async (change?: object) =>
        (await resolvePairs(labelling(judge(change)))).preferenceAnnotator?.digest;
      const digest = await digestOf();
      assert.match(digest ?? '', /^[0-9a-f]{64}$/);
      for (const change of [{ model: 'two' }, { system: 'Prefer brief ones.' }, { temperature: 1 }])
        assert.notEqual(await digestOf(change), digest, JSON.stringify(change));
      assert.equal(await digestOf({ spendLimitUsd: 9, baseUrl: 'http://127.0.0.1:1/v1' }), digest);
    });

    it('is compared by the worker', async () => {
      const annotatorOf = (change?: object) => findPreferenceAnnotator(labelling(judge(change)), 'labels');
      const { preferenceAnnotator: pinned, code } = await resolvePairs(labelling(judge()));
      const planned = { digest: pinned?.digest, code: code?.['']?.preferenceAnnotator?.identity };
      await assertIdentified(annotatorOf(), planned);
      await assert.rejects(assertIdentified(annotatorOf({ model: 'two' }), planned), {
        code: 'CODE_DIFFERS',
        message: 'This worker\'s "labels" differs from the plan\'s.',
      });
      assert.throws(() => findPreferenceAnnotator(math, 'labels'), {
        code: 'TASK_UNKNOWN',
        message: /no preference annotator of grade-school-math "labels"/,
      });
    });

    it('needs a registered name', async () => {
      await assert.rejects(resolvePairs(labelling(judge()), 'lables'), {
        code: 'TASK_UNKNOWN',
        message: 'pairs.annotator is "lables"; registered are "labels".',
        remedy: /withPreferenceAnnotators\(task, …\)/,
      });
      await assert.rejects(resolvePairs(math), /pairs\.annotator is "labels"; none is registered/);
    });
  });
});
