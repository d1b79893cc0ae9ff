import { strict as assert } from 'node:assert';
import { canonicalJson } from '../../../core/canonical-json';
import type { PlannedStage } from '../../../contracts/stage';
import {
  type StageContext,
  isDefinitionsEvaluation,
  outputOf,
  planStage,
  scoredModel,
  stageKinds,
  testEvaluation,
} from '../../../stages';
import { resolveSweep } from '../../support/planning/resolve';

const { synthesizeData, trainSft, freezeReference, trainPreference, evaluate } = stageKinds;

const { evaluation } = resolveSweep().definition;
const auxiliary = [
  { task: 'instruction-following', name: 'ifeval', items: 5, maxNewTokens: 8, judge: 'people' },
  { task: 'code-generation', items: 7, maxNewTokens: 9, seed: 3 },
];
const file = { source: 'files', test: '/a' } as const;
const resolvedWith = (changes: Parameters<typeof resolveSweep>[0] = {}) =>
  resolveSweep(
    {
      evaluation: {
        ...evaluation,
        items: 50,
        split: 'test',
        auxiliary: [{ ...auxiliary[0]!, data: file }, auxiliary[1]!] as never,
      },
      ...changes,
    },
    { auxiliaryJudges: { ifeval: { kind: 'people', digest: 'd2' } } },
  );
const resolved = resolvedWith();
const context: StageContext = { resolved, seed: 0 };
const reference = planStage(freezeReference, context, { adapter: null });

type Loose = Readonly<Record<string, unknown>>;
const plan = (call: Loose = {}, where = context): PlannedStage<'scores'> =>
  planStage(evaluate, where, { reference, ...call });
const specOf = (stage: PlannedStage): Loose => stage.spec as unknown as Loose;

describe('the questions of an evaluation', () => {
  it('are those of the definition by default, with the same key and title', () => {
    const { key, title } = plan();
    for (const same of [{ split: 'test' }, { items: 50 }, { maxNewTokens: evaluation.maxNewTokens }])
      assert.deepEqual([plan(same).key, plan(same).title], [key, title]);
    assert.equal(title, 'Evaluation on 50 test items');
    assert.deepEqual([specOf(plan())['split'], specOf(plan())['only']], [undefined, undefined]);
    const fewer = plan({ items: 10, maxNewTokens: 7 });
    assert.equal(fewer.title, 'Evaluation on 10 test items (maxNewTokens 7)');
    assert.equal(fewer.queue, 'cpu', 'people judge an auxiliary task');
  });

  it('are validation problems of the trained task alone', () => {
    const stage = plan({ split: 'validation' });
    assert.equal(stage.title, 'Evaluation on 50 validation items');
    const { maxNewTokens } = evaluation;
    assert.equal(canonicalJson(specOf(stage)['evaluation']), canonicalJson({ items: 50, maxNewTokens }));
    assert.deepEqual([stage.queue, stage.judged, stage.judgedOffDevice], ['gpu', [], undefined]);
    const data = { source: 'synthetic', validation: 12 } as const;
    const few = { resolved: resolveSweep({ data }), seed: 0 };
    assert.equal(
      plan({}, few).key,
      plan({ split: 'validation' }, few).key,
      'those that the definition takes',
    );
    assert.equal(plan({ split: 'validation' }, few).title, 'Evaluation on 12 validation items');
    assert.equal(plan({ split: 'validation', items: 3 }, few).title, 'Evaluation on 3 validation items');
  });

  it('are those of one auxiliary task', () => {
    const ifeval = plan({ task: 'ifeval', items: 900 });
    assert.equal(ifeval.title, 'Evaluation on 900 items of ifeval');
    assert.deepEqual(ifeval.judged, [{ judge: 'people', items: 900 }]);
    assert.deepEqual([ifeval.queue, ifeval.judgedOffDevice], ['cpu', true]);
    const code = plan({ task: 'code-generation', maxNewTokens: 4 });
    assert.equal(code.title, 'Evaluation on 7 items of code-generation (maxNewTokens 4)');
    assert.deepEqual([code.queue, code.judged], ['gpu', []]);
    assert.equal(plan({ task: 'code-generation', items: 7 }).key, plan({ task: 'code-generation' }).key);
    const other = { resolved: resolvedWith({ data: { source: 'synthetic', seed: 9 } }), seed: 0 };
    assert.notEqual(plan({}, other).key, plan().key);
    assert.equal(plan({ task: 'ifeval' }, other).key, plan({ task: 'ifeval' }).key, 'its own data only');
  });

  it('are refused where they are unknown or too few', () => {
    const withoutValidation = resolveSweep(
      { data: { source: 'files', train: '/a', test: '/b' } },
      { files: { train: { path: '/a', digest: 'd' }, test: { path: '/b', digest: 'e' } } },
    );
    const refusals: [() => unknown, RegExp][] = [
      [
        () => plan({ split: 'train' }),
        /^stages\.evaluate: split: "train"; "validation" or "test" is needed$/,
      ],
      [
        () => plan({ split: 'validation' }, { resolved: withoutValidation, seed: 0 }),
        /data\.validation is 0/,
      ],
      [() => plan({ split: 'validation', items: 401 }), /items: 401; there are 400 validation problems/],
      [() => plan({ items: 401 }), /items: 401; there are 400 test items/],
      [() => plan({ task: 'gsm' }), /task: "gsm"; evaluation\.auxiliary has code-generation, ifeval$/],
      [
        () => plan({ task: 'x' }, { resolved: resolveSweep(), seed: 0 }),
        /task: "x"; evaluation\.auxiliary is empty$/,
      ],
      [() => plan({ task: 'code-generation', items: 8 }), /items: 8; there are 7 items of code-generation/],
      [
        () => plan({ task: 'ifeval', split: 'validation' }),
        /split: "validation", but an auxiliary task has test items only/,
      ],
      [
        () => plan({ task: 'ifeval', fewShot: planStage(synthesizeData, context, { rows: 1 }) }),
        /fewShot: has no effect/,
      ],
      [
        () => plan({ fewShot: planStage(synthesizeData, context, { rows: 8, reference }) }),
        /fewShot: 8 preference pairs makes preferences rows, and demonstrations are needed$/,
      ],
      [() => plan({ adaptor: null }), /adaptor: no such field; did you mean adapter\?/],
    ];
    for (const [refused, message] of refusals)
      assert.throws(refused, { code: 'DEFINITION_INVALID', message });
  });

  it('score a cell only if they are those of the definition', () => {
    assert.ok(isDefinitionsEvaluation(plan(), context));
    assert.ok(isDefinitionsEvaluation(plan({ split: 'test' }), context));
    const others = [{ split: 'validation' }, { task: 'ifeval' }, { items: 10 }].map((call) => plan(call));
    for (const other of [...others, reference])
      assert.ok(!isDefinitionsEvaluation(other, context), other.title);
  });
});

describe('the items that cells are compared on', () => {
  const chosen = { resolved: resolvedWith({ data: { source: 'synthetic', validation: 40 } }), seed: 0 };
  const { definition } = chosen.resolved;
  const onValidation: StageContext = {
    ...chosen,
    resolved: {
      ...chosen.resolved,
      definition: { ...definition, evaluation: { ...definition.evaluation, split: 'validation' } },
    },
  };
  const own = plan({}, onValidation);

  it('are validation problems, as many as there are, with all auxiliary tasks', () => {
    assert.equal(own.title, 'Evaluation on 40 validation items');
    const { auxiliary: others } = specOf(own)['evaluation'] as Loose;
    assert.equal((others as unknown[]).length, 2);
    assert.equal(plan({ split: 'validation' }, onValidation).key, own.key);
    assert.ok(isDefinitionsEvaluation(own, onValidation));
    assert.ok(!isDefinitionsEvaluation(own, context), 'another split is another definition');
  });

  it('leave the test items of the trained task for one evaluation of the same model', () => {
    const test = testEvaluation(onValidation, scoredModel(own));
    assert.equal(test.title, 'Evaluation on 50 test items');
    assert.deepEqual(test.inputs, own.inputs);
    assert.equal(test.key, plan({ split: 'test' }, onValidation).key, 'an ordinary evaluation');
    assert.equal((specOf(test)['evaluation'] as Loose)['auxiliary'], undefined, 'evaluated before');
    assert.ok(!isDefinitionsEvaluation(test, onValidation));
  });

  it('keep the demonstrations in the prompt', () => {
    const fewShot = planStage(synthesizeData, onValidation, { rows: 4 });
    const prompted = plan({ fewShot }, onValidation);
    const test = testEvaluation(onValidation, scoredModel(prompted));
    assert.equal(test.key, plan({ fewShot, split: 'test' }, onValidation).key);
    assert.equal(test.title, 'Evaluation on 50 test items, 4 demonstrations before each');
  });
});

describe('the model of an adapter', () => {
  const demonstrations = planStage(synthesizeData, context, { rows: 8 });
  const sft = planStage(trainSft, context, { data: demonstrations });
  const warm = planStage(freezeReference, context, { adapter: sft });
  const pairs = planStage(synthesizeData, context, { rows: 8, reference: warm });
  const tuned = planStage(trainPreference, context, { reference: warm, data: pairs });

  it('is the one that it is frozen into', () => {
    assert.deepEqual(warm.inputs['base'], { digest: 'a'.repeat(64), path: '/models/embedded' });
    const second = planStage(freezeReference, context, { adapter: tuned });
    assert.deepEqual(second.inputs, {
      base: outputOf(warm),
      adapter: outputOf(tuned),
    });
    const again = planStage(trainSft, context, { data: demonstrations, base: warm });
    const third = planStage(freezeReference, context, { adapter: again });
    assert.deepEqual(third.inputs['base'], outputOf(warm));
  });

  it('is the one that it is evaluated on', () => {
    assert.ok(plan({ reference: warm, adapter: tuned }).key);
    assert.ok(plan({ reference, adapter: sft }).key, 'nothing was merged into the frozen base model');
    const onBase = planStage(trainSft, context, { data: demonstrations, base: reference });
    assert.ok(plan({ reference, adapter: onBase }).key);
    for (const [call, message] of [
      [
        { reference, adapter: tuned },
        /adapter: "DPO on 8 pairs" was trained on another model than "Reference: the base model"$/,
      ],
      [
        { reference: warm, adapter: sft },
        /adapter: "SFT on 8 .*" was trained on another model than "Reference after SFT on 8/,
      ],
    ] as const)
      assert.throws(() => plan(call), { code: 'DEFINITION_INVALID', message });
  });
});
