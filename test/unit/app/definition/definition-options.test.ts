import { strict as assert } from 'node:assert';
import { applyOptions, type DefinitionOptions } from '../../../../app/definition/definition-options';
import { usd } from '../../../../core/money';
import { variantsOf } from '../../../../planning';
import { defineSweep, type SweepInput } from '../../../../definitions';
import { gradeSchoolMathDefaults } from '../../../../tasks';

const base = {
  ...gradeSchoolMathDefaults,
  name: 'options',
  annotator: 'clean',
  budgets: [64],
  sftFractions: [1, 0],
} satisfies SweepInput;

/** Annotator and items for every combination of axis values. */
function placesWith(options: DefinitionOptions, axes?: SweepInput['axes']) {
  const definition = applyOptions(defineSweep({ ...base, axes }), options);
  return variantsOf(definition).map(({ coordinates, definition: { annotator, evaluation } }) => ({
    place: Object.values(coordinates).join(),
    annotator,
    items: evaluation.items,
  }));
}

const refused = (option: string) => ({ code: 'USAGE', message: new RegExp(`^${option}: `) });

describe('options that change a definition', () => {
  it('set their field if no axis varies it, and keep axes of other fields', () => {
    const axes = { 'sft.lora.rank': [8, 16] };
    const places = placesWith({ annotator: 'slip', items: 8 }, axes);
    assert.deepEqual(places, [
      { place: '8', annotator: 'slip', items: 8 },
      { place: '16', annotator: 'slip', items: 8 },
    ]);
  });

  it('change one field of execution and no other', () => {
    const execution = { threads: 2, stallSeconds: 60 };
    const [before, after, added] = [
      applyOptions(defineSweep({ ...base, execution }), {}).execution,
      applyOptions(defineSweep({ ...base, execution }), { stallSeconds: 7200.5 }).execution,
      applyOptions(defineSweep(base), { stallSeconds: 7200.5 }).execution,
    ];
    assert.equal(before.stallSeconds, 60);
    assert.deepEqual(after, { ...before, stallSeconds: 7200.5 });
    assert.equal(added.stallSeconds, 7200.5);
  });

  it('become the only value of an axis of their field', () => {
    const annotators = { annotator: ['clean', 'slip', 'majority-error'] };
    assert.deepEqual(placesWith({ annotator: 'slip' }, annotators), [
      { place: 'slip', annotator: 'slip', items: gradeSchoolMathDefaults.evaluation.items },
    ]);
    assert.deepEqual(placesWith({ items: 8 }, { 'evaluation.items': [16, 32] }), [
      { place: '8', annotator: 'clean', items: 8 },
    ]);
  });

  it('narrow an axis of named changes to those that agree or do not set the field', () => {
    const axes = {
      setting: {
        slips: { annotator: 'slip' },
        errs: { annotator: 'majority-error', 'sft.lora.rank': 4 },
        own: { 'sft.lora.rank': 4 },
        few: { evaluation: { ...gradeSchoolMathDefaults.evaluation, items: 8 } },
      },
    };
    const labels = (options: DefinitionOptions) => placesWith(options, axes).map(({ place }) => place);
    assert.deepEqual(labels({ annotator: 'slip' }), ['slips', 'own', 'few']);
    assert.deepEqual(labels({ items: 8 }), ['slips', 'errs', 'own', 'few']);
    assert.deepEqual(labels({ items: 9 }), ['slips', 'errs', 'own']);
  });

  it('are refused if no value of an axis agrees', () => {
    const axes = { setting: { slips: { annotator: 'slip' }, errs: { annotator: 'majority-error' } } };
    assert.throws(() => placesWith({ annotator: 'clean' }, axes), refused('--annotator'));
  });

  it('are refused if they would change nothing but the sweep’s id', () => {
    const demonstrations = { file: 'rows.jsonl', source: 'us', license: 'CC0-1.0' };
    const fromFile = defineSweep({ ...base, annotations: { demonstrations } });
    assert.throws(() => applyOptions(fromFile, { annotator: 'slip' }), refused('--annotator'));
    assert.throws(() => applyOptions(defineSweep(base), { data: '/train.jsonl' }), refused('--data'));
  });

  it('are fractions of the money if budgets are in dollars', () => {
    const money = { ...gradeSchoolMathDefaults, name: 'money', annotator: 'clean', budgets: [usd(4)] };
    const definition = defineSweep({ ...money, sftSpendFractions: [1, 0.5] });
    assert.deepEqual(applyOptions(definition, { sftFractions: [0.25] }).sftSpendFractions, [0.25]);
  });
});
