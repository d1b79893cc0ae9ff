import assert from 'node:assert/strict';
import { outputOf } from '../../../stages';
import type { PairsSpec, SampledSpec, StageOf } from '../../../stages';
import type { SweepInput } from '../../../definitions';
import type { PlannedStage } from '../../../contracts/stage';
import { type ControlPlan, countControls, planGrid, type SweepPlan } from '../../../planning';
import { resolveSweep } from '../../support/planning/resolve';

const kinds = [
  'warm-start',
  'sft-on-chosen',
  'rejection-sampling',
  'few-shot',
  'dpo-nll',
  'learning-rate',
  'beta',
] as const;

const ownFile = { file: 'own.jsonl', source: 'our own', license: 'CC0-1.0' };

const planOf = async (changes: Partial<SweepInput> = {}) =>
  planGrid(resolveSweep({ controls: [...kinds], seeds: [0, 1], sensitivityBudget: 256, ...changes }));
let plan: SweepPlan;

const cellOf = ({ of }: ControlPlan) => plan.cells.find(({ cell }) => cell.id === of.id)!;
/** The frozen warm start and the pairs of the cell that a control is compared with. */
const partsOf = (control: ControlPlan) => {
  const { stages } = cellOf(control);
  const pairs = stages.find(({ rows }) => rows?.source.what === 'pairs');
  return { pairs, reference: stages.find(({ makes }) => makes === 'model')! };
};
const own = (control: ControlPlan): PlannedStage[] => {
  const there = new Set(plan.stages.map(({ stage }) => stage.key));
  return control.stages.filter(({ key }) => !there.has(key));
};
const kindsOf = (stages: readonly PlannedStage[]): string[] => stages.map(({ kind }) => kind);
const allControls = (): ControlPlan[] => [...plan.controls.certain, ...plan.controls.winnerControls];
const ofKind = (kind: ControlPlan['kind']): ControlPlan[] =>
  allControls().filter((control) => control.kind === kind);

/** SFT with the steps of the cell's preference tuning, and with the learning rate of SFT. */
function assertStepsOfPreference(control: ControlPlan, { optimiserSteps, spec }: StageOf<'trainSft'>): void {
  const { sft, preference } = cellOf(control).experiment.definition;
  const tuning = cellOf(control).stages.find(({ kind }) => kind === 'trainPreference');
  assert.equal(optimiserSteps, tuning?.optimiserSteps);
  const { epochs, batchSize } = preference;
  assert.deepEqual(spec.training, { ...sft, epochs, batchSize });
}

describe('planning controls', () => {
  before(async () => {
    plan = await planOf();
  });

  it('evaluates the frozen warm start of every mixture, and shares stages with pure SFT on as many demonstrations', async () => {
    const controls = ofKind('warm-start');
    const mixtures = plan.cells.filter(({ cell }) => cell.sftRows > 0 && cell.pairRows > 0);
    assert.deepEqual(controls.map(({ of }) => of.id).sort(), mixtures.map(({ cell }) => cell.id).sort());
    assert.ok(controls.every((control) => plan.controls.certain.includes(control)));
    for (const control of controls) {
      assert.deepEqual(control.evaluation?.inputs, {
        reference: outputOf(partsOf(control).reference),
      });
      assert.ok(kindsOf(own(control)).every((kind) => kind === 'evaluate'));
    }
    assert.ok(controls.some((control) => own(control).length === 1));
    const { controls: halved, cells } = await planOf({ budgets: [64, 128, 256], sftFractions: [1, 0.5] });
    const shared = halved.certain.find(({ kind, of }) => kind === 'warm-start' && of.budget === 128);
    const pure = cells.find(({ cell }) => cell.budget === 64 && cell.sftFraction === 1);
    assert.equal(shared?.evaluation?.key, pure?.evaluation?.key);
  });

  it('states the price of a control’s rows', () => {
    for (const { kind, of, annotationUsd } of ofKind('sft-on-chosen'))
      assert.equal(annotationUsd, plan.cells.find(({ cell }) => cell.id === of.id)?.annotationUsd, kind);
    for (const control of ofKind('rejection-sampling'))
      assert.ok(control.annotationUsd <= cellOf(control).annotationUsd);
  });

  it('plans SFT on the chosen answers of the cell’s own pairs and warm start', () => {
    for (const control of ofKind('sft-on-chosen')) {
      const { reference, pairs } = partsOf(control);
      const [sft] = own(control) as [StageOf<'trainSft'>];
      assert.deepEqual(kindsOf(own(control)), ['trainSft', 'evaluate']);
      assert.equal(sft.spec.column, 'chosen');
      assertStepsOfPreference(control, sft);
      assert.deepEqual(sft.inputs, {
        base: outputOf(reference),
        data: outputOf(pairs!),
      });
    }
  });

  it('gives rejection sampling the same sampler, warm start and number of rows', () => {
    for (const control of ofKind('rejection-sampling')) {
      const [samples, sft] = own(control) as [StageOf<'synthesizeData'>, StageOf<'trainSft'>];
      const { pairs } = partsOf(control);
      const { chosen, minMargin } = (pairs!.spec as PairsSpec).pairs;
      const spec = samples.spec as SampledSpec;
      const sampler = { ...spec, pairs: { ...spec.pairs, chosen, minMargin } };
      assert.deepEqual(sampler, { ...pairs!.spec, what: 'rejection-samples' });
      assert.equal(sft.title, `SFT on ${control.of.pairRows} correct samples (epochs 2)`);
      assertStepsOfPreference(control, sft);
    }
  });

  it('plans both for every mixture that may win, and counts one per budget and seed', () => {
    const mixtures = plan.cells.filter(({ cell }) => cell.sftRows > 0 && cell.pairRows > 0);
    assert.equal(plan.controls.winnerControls.length, 2 * mixtures.length);
    assert.equal(countControls(plan.controls).get('sft-on-chosen'), 3 * 2);
  });

  it('prompts the base model once per seed, with demonstrations that every budget buys', () => {
    const controls = ofKind('few-shot');
    assert.deepEqual(
      controls.map(({ of }) => [of.seed, of.budget]),
      [
        [0, 64],
        [1, 64],
      ],
    );
    for (const { stages } of controls) {
      const [rows, reference, evaluation] = stages;
      assert.deepEqual(evaluation?.inputs, {
        reference: outputOf(reference!),
        data: outputOf(rows!),
      });
      assert.equal(reference?.key, plan.base[0]?.key);
    }
  });

  it('adds a likelihood term at SFT fraction 0 of every budget, unless the loss has one', async () => {
    const controls = ofKind('dpo-nll');
    assert.deepEqual(controls.map(({ of }) => [of.sftFraction, of.budget, of.seed]).sort(), [
      [0, 1024, 0],
      [0, 1024, 1],
      [0, 256, 0],
      [0, 256, 1],
      [0, 64, 0],
      [0, 64, 1],
    ]);
    for (const control of controls) {
      const [dpo] = own(control) as [StageOf<'trainPreference'>];
      assert.deepEqual(dpo.spec.loss, { name: 'sigmoid', beta: 0.5, sftWeight: 1 });
      assert.deepEqual(kindsOf(own(control)), ['trainPreference', 'evaluate']);
    }
    const { preference } = resolveSweep().definition;
    const loss = { name: 'sigmoid', beta: 0.5, sftWeight: 1 } as const;
    const already = await planOf({ controls: ['dpo-nll'], preference: { ...preference, loss } });
    assert.deepEqual(already.controls.certain, []);
  });

  it('halves and doubles only learning rate and β, at one budget', async () => {
    const controls = [...ofKind('learning-rate'), ...ofKind('beta')];
    assert.equal(controls.length, 2 * 2 * 5 * 2);
    const found = new Set<string>();
    for (const control of controls) {
      assert.equal(control.of.budget, 256);
      const [dpo] = own(control) as [StageOf<'trainPreference'>];
      assert.deepEqual(kindsOf(own(control)), ['trainPreference', 'evaluate']);
      found.add(`${control.setting} ${dpo.spec.training.learningRate} ${dpo.spec.loss.beta}`);
    }
    assert.deepEqual([...found].sort(), [
      'beta × 0.5 0.0003 0.25',
      'beta × 2 0.0003 1',
      'learning rate × 0.5 0.00015 0.5',
      'learning rate × 2 0.0006 0.5',
    ]);
    const atLargest = await planOf({ controls: ['beta'], sensitivityBudget: undefined });
    assert.equal(atLargest.controls.certain[0]?.of.budget, 1024);
  });

  it('gives each of them a unique id', () => {
    const ids = allControls().map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('reports controls without a cell or rows, with the reason', async () => {
    const { preference } = resolveSweep().definition;
    const nll = { name: 'sigmoid', beta: 0.5, sftWeight: 1 } as const;
    const kto = { name: 'kto', beta: 0.5, desirableWeight: 1, undesirableWeight: 1 } as const;
    const preferences = { ...ownFile, kind: 'unpaired' } as const;
    const single = { annotations: { preferences }, preference: { ...preference, loss: kto } };
    const expected: [Partial<SweepInput>, string, RegExp][] = [
      [{ sftFractions: [1, 0] }, 'warm-start', /no cell buys both/],
      [{ sftFractions: [1, 0] }, 'sft-on-chosen', /no cell buys both/],
      [{ sftFractions: [1, 0] }, 'rejection-sampling', /no cell buys both/],
      [{ sftFractions: [1, 0.5] }, 'dpo-nll', /no cell buys pairs alone/],
      [
        { preference: { ...preference, loss: nll } },
        'dpo-nll',
        /preference\.loss has a field "sftWeight" already/,
      ],
      [{ sftFractions: [1] }, 'learning-rate', /no cell of budget 256 buys pairs/],
      [{ sftFractions: [1] }, 'beta', /no cell of budget 256 buys pairs/],
      [single, 'dpo-nll', /unpaired answers/],
      [single, 'sft-on-chosen', /unpaired answers/],
    ];
    for (const [changes, kind, reason] of expected) {
      const sweep = resolveSweep({ controls: [...kinds], sensitivityBudget: 256, ...changes });
      const planned = await planGrid({ ...sweep, userRows: { preferences: 5_000 } });
      const all = [...planned.controls.certain, ...planned.controls.winnerControls];
      assert.ok(!all.some((control) => control.kind === kind), kind);
      const [named = '', ...more] = planned.warnings.filter((text) => text.includes(`control "${kind}"`));
      assert.match(named, reason);
      assert.deepEqual(more, [], 'once');
    }
    assert.deepEqual(plan.controls.unavailable, []);
  });

  it('refuses more rows than exist, by field', async () => {
    const tooMany = (changes: Partial<SweepInput>, inputs: Parameters<typeof resolveSweep>[1]) =>
      planGrid(resolveSweep({ budgets: [64], ...changes }, inputs));
    await assert.rejects(tooMany({ controls: ['few-shot'], numFewShot: 9_999 }, {}), {
      code: 'BUDGET_EXCEEDS_POOL',
      message: /^numFewShot 9999 is above the 6144 problems/,
    });
    await assert.rejects(
      tooMany(
        { controls: ['few-shot'], numFewShot: 80, annotations: { demonstrations: ownFile } },
        { userRows: { demonstrations: 70 } },
      ),
      {
        code: 'BUDGET_EXCEEDS_POOL',
        message: /^numFewShot 80 takes 80 demonstrations; own\.jsonl has 70/,
      },
    );
    await assert.rejects(
      tooMany(
        { controls: ['rejection-sampling'], sftFractions: [0.1], annotations: { preferences: ownFile } },
        { userRows: { preferences: 64 }, poolRows: 50 },
      ),
      { code: 'BUDGET_EXCEEDS_POOL', message: /"rejection-sampling" at 57 rows is above the 50 problems/ },
    );
  });

  it('refuses a sensitivityBudget that is not one of the budgets', async () => {
    for (const sensitivityBudget of [32, 128, 2048])
      await assert.rejects(planOf({ sensitivityBudget }), {
        code: 'DEFINITION_INVALID',
        message: `sensitivityBudget: ${sensitivityBudget}: one of the budgets is needed: 64, 256, 1024`,
      });
  });
});
