import assert from 'node:assert/strict';
import { splitOf } from '../../../contracts/evaluation-split';
import { defineExperiment, defineSweep, type SweepInput } from '../../../definitions';
import { sweepOfOne } from '../../../definitions';
import { estimateTests, planBaseTest, planGrid, planTest, variantsOf } from '../../../planning';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { resolveSweep } from '../../support/planning/resolve';

const files = { source: 'files', train: '/train.jsonl', test: '/test.jsonl' } as const;
const place = { ...gradeSchoolMathDefaults, name: 'split', annotator: 'clean' };
const sweep = (changes: Partial<SweepInput> = {}) =>
  defineSweep({ ...place, budgets: [64], sftFractions: [1], ...changes });

describe('the items that cells are compared on', () => {
  it('are validation items in a sweep that has any, and else test items', () => {
    assert.equal(sweep().evaluation.split, 'validation');
    assert.equal(sweep({ data: files }).evaluation.split, 'test');
    assert.equal(sweep({ data: { ...files, validation: 50 } }).evaluation.split, 'validation');
    assert.equal(sweep({ evaluation: { ...place.evaluation, split: 'test' } }).evaluation.split, 'test');
  });

  it('are test items in an experiment, also when it runs as a sweep of one cell', () => {
    const experiment = defineExperiment({ ...place, budget: 64, sftFraction: 1 });
    assert.equal(experiment.evaluation.split, 'test');
    assert.equal(sweepOfOne(experiment).evaluation.split, 'test');
  });

  it('are chosen at each place on the axes', () => {
    const axes = { source: { made: { task: 'grade-school-math' }, read: { data: files } } };
    const definition = sweep({ axes });
    assert.equal(definition.evaluation.split, undefined);
    const places = variantsOf(definition).map((each) => splitOf(each.definition));
    assert.deepEqual(places, ['validation', 'test']);
  });
});

describe('evaluations on test items', () => {
  it('are planned for what was compared on validation items, from the same model', async () => {
    const plan = await planGrid(resolveSweep());
    const [cell] = plan.cells;
    const [test, ...others] = planTest({ of: cell!.cell.id, planned: cell! });
    assert.deepEqual(others, []);
    assert.deepEqual(test?.stage.inputs, cell?.evaluation?.inputs);
    assert.equal(test?.stage.title, 'Evaluation on 400 test items');
    assert.notEqual(test.stage.key, cell?.evaluation?.key);
    assert.deepEqual(
      plan.variants.flatMap(planBaseTest).map(({ of, axes, stage }) => [of, axes, stage.inputs]),
      [['base', undefined, plan.variants[0]?.base.evaluation?.inputs]],
    );
  });

  it('are expected for the base model, and for each budget and seed its best split and two controls', async () => {
    const { evaluations, seconds } = estimateTests(await planGrid(resolveSweep({ seeds: [0, 1] })));
    assert.equal(evaluations, 1 + 3 * 2 * 3);
    assert.ok(seconds > evaluations);
    const prompted = await planGrid(resolveSweep({ seeds: [0, 1], controls: ['few-shot'] }));
    assert.equal(estimateTests(prompted).evaluations, 1 + 3 * 2 + 2, 'prompting has no budget');
  });

  it('are none where cells are compared on test items, or a result decides about the score', async () => {
    const { definition } = resolveSweep();
    const onTest = resolveSweep({ evaluation: { ...definition.evaluation, split: 'test' } });
    const plan = await planGrid(onTest);
    assert.deepEqual(estimateTests(plan), { evaluations: 0, seconds: 0 });
    assert.deepEqual(planTest({ of: 'any', planned: plan.cells[0]! }), []);
    const [cell] = (await planGrid(resolveSweep())).cells;
    assert.deepEqual(planTest({ of: 'any', planned: { ...cell!, evaluation: null } }), []);
  });
});
