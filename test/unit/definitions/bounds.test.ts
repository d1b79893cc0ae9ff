import assert from 'node:assert/strict';
import { BudgetlineError } from '../../../core/failures';
import { usd } from '../../../core/money';
import { defineExperiment, defineSweep, type ExperimentInput, type SweepInput } from '../../../definitions';
import { stageFunctions, type StageHost, type Stages } from '../../../stages';
import { gradeSchoolMathDefaults } from '../../../tasks';
import {
  type Bound,
  definitionBounds,
  pairBounds,
  trainingBounds,
  withField,
  wrongValues,
} from '../../support/cases/bounds';
import { resolveSweep } from '../../support/planning/resolve';

const seeds = [1, 2, 3];
const shared = { ...gradeSchoolMathDefaults, name: 'bounds', annotator: 'clean' };
const sweep: SweepInput = { ...shared, budgets: [64], sftFractions: [0.5] };
const experiment: ExperimentInput = { ...shared, budget: 64, sftFraction: 0.5 };

const bounds: readonly Bound[] = [
  'count',
  'seed',
  'fraction',
  'decay',
  'positive',
  'nonnegative',
  'share',
  'choice',
];

/** Takes the error of a refused call. */
async function rethrow(error: unknown): Promise<never> {
  await Promise.resolve();
  throw error as Error;
}

/** Whether an error names a field: "sft.epochs: 0 …", at the beginning of a line. */
const names = (field: string) => (error: unknown) => {
  assert.ok(error instanceof BudgetlineError, String(error));
  assert.equal(error.code, 'DEFINITION_INVALID');
  const isNamed = error.message.split('\n').some((line) => line.startsWith(field));
  assert.ok(isNamed, `${field} is not in: ${error.message}`);
  assert.doesNotMatch(error.message, /Invalid|expected|Too (?:small|big)/, 'words of a schema library');
  return true;
};

describe('bounds of definitions', function () {
  this.timeout(60_000);
  it('have at least 20 wrong values of each kind', () => {
    for (const bound of bounds)
      assert.ok(new Set(seeds.flatMap((seed) => wrongValues(bound, seed))).size >= 20);
  });

  it('are kept by every field of sweeps and experiments', () => {
    for (const [field, bound] of definitionBounds)
      for (const value of wrongValues(bound, 1)) {
        const change = (whole: object) => withField(whole, field, value) as never;
        assert.throws(() => defineSweep(change(sweep)), names(field));
        assert.throws(() => defineExperiment(change(experiment)), names(field));
      }
  });

  it('are kept by budgets, fractions and seeds', () => {
    const lists: [field: string, bound: Bound][] = [
      ['budgets', 'count'],
      ['sftFractions', 'fraction'],
      ['seeds', 'seed'],
    ];
    const alone: [field: string, bound: Bound][] = [
      ['budget', 'count'],
      ['sftFraction', 'fraction'],
      ['seed', 'seed'],
    ];
    for (const seed of seeds) {
      for (const [field, bound] of lists)
        for (const value of wrongValues(bound, seed)) {
          const changed = { ...sweep, [field]: [...(field === 'budgets' ? [8] : []), value] };
          assert.throws(() => defineSweep(changed), names(field));
        }
      for (const [field, bound] of alone)
        for (const value of wrongValues(bound, seed))
          assert.throws(() => defineExperiment({ ...experiment, [field]: value }), names(field));
      for (const value of wrongValues('positive', seed).filter((each) => typeof each === 'number')) {
        const money = { ...shared, sftSpendFractions: [0.5] };
        assert.throws(() => defineSweep({ ...money, budgets: [usd(value)] }), names('budgets'));
      }
    }
  });

  it('are kept by values on axes', () => {
    for (const seed of seeds)
      for (const [field, bound] of [
        ['sft.epochs', 'count'],
        ['sft.learningRate', 'positive'],
        ['preference.loss.beta', 'positive'],
      ] as const)
        for (const value of wrongValues(bound, seed))
          assert.throws(
            () => defineSweep({ ...sweep, axes: { [field]: [value as number] } }),
            (error) => names('axes')(error),
          );
  });
});

describe('bounds of calls', () => {
  /** Calls a stage function of a host that counts what it is asked to run. */
  async function refuse(call: (stages: Stages) => Promise<unknown>, line: string): Promise<void> {
    let ran = 0;
    const host: StageHost = {
      run: () => Promise.resolve((ran += 1)),
      metrics: () => Promise.resolve({}),
      refuse: rethrow,
    };
    const stages = stageFunctions({ resolved: resolveSweep(), seed: 0 }, host);
    const made = await call(stages).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(made !== undefined, `${line} is not refused`);
    names(line)(made);
    assert.equal(ran, before, 'nothing is bought');
  }
  /** Stages that a call reads. */
  let before = 0;

  it('are kept by the number of rows', async () => {
    before = 0;
    for (const seed of seeds)
      for (const value of wrongValues('count', seed))
        await refuse(
          (stages) => stages.synthesizeData({ rows: value as number }),
          'stages.synthesizeData: rows: ',
        );
  });

  it('are kept by settings of pairs', async () => {
    before = 1;
    for (const seed of seeds)
      for (const [field, bound] of Object.entries(pairBounds))
        for (const value of wrongValues(bound, seed))
          await refuse(async (stages) => {
            const reference = await stages.freezeReference({ adapter: null });
            return stages.synthesizeData({ rows: 8, reference, [field]: value });
          }, `stages.synthesizeData: ${field}: `);
  });

  it('are kept by settings of training', async () => {
    before = 1;
    for (const seed of seeds)
      for (const [field, bound] of Object.entries(trainingBounds))
        for (const value of wrongValues(bound, seed)) {
          const lora = { rank: 4, alpha: 4 };
          const settings = withField(field.startsWith('lora.') ? { lora } : {}, field, value);
          await refuse(async (stages) => {
            const data = await stages.synthesizeData({ rows: 8 });
            return stages.trainSft({ data, ...settings });
          }, `stages.trainSft: ${field}: `);
        }
  });

  it('are kept by β, and unknown fields are refused', async () => {
    before = 2;
    const train = (settings: object) => async (stages: Stages) => {
      const reference = await stages.freezeReference({ adapter: null });
      const data = await stages.synthesizeData({ rows: 8, reference });
      return stages.trainPreference({ reference, data, ...settings });
    };
    for (const seed of seeds)
      for (const value of wrongValues('positive', seed))
        await refuse(train({ beta: value }), 'stages.trainPreference: beta: ');
    for (const field of ['betta', 'epoch', 'learning_rate', 'lora_rank', 'constructor', 'rows'])
      await refuse(train({ [field]: 1 }), `stages.trainPreference: ${field}: no such field; `);
  });

  it('are kept by the questions of an evaluation', async () => {
    before = 1;
    for (const seed of seeds)
      for (const [field, bound] of [
        ['items', 'count'],
        ['maxNewTokens', 'count'],
        ['split', 'choice'],
      ] as const)
        for (const value of wrongValues(bound, seed))
          await refuse(async (stages) => {
            const reference = await stages.freezeReference({ adapter: null });
            return stages.evaluate({ reference, [field]: value });
          }, `stages.evaluate: ${field}: `);
  });
});

describe('adapters in evaluations', () => {
  it('are refused on each model that they were not trained on', async () => {
    let refusals = 0;
    const host: StageHost = {
      run: () => Promise.resolve(),
      metrics: () => Promise.resolve({}),
      refuse: rethrow,
    };
    const stages = stageFunctions({ resolved: resolveSweep(), seed: 0 }, host);
    const data = await stages.synthesizeData({ rows: 8 });
    const base = await stages.freezeReference({ adapter: null });
    const references = [base];
    for (const epochs of [1, 2]) {
      const adapter = await stages.trainSft({ data, epochs });
      references.push(await stages.freezeReference({ adapter }));
    }
    const deep = await stages.trainSft({ data, base: references[1]! });
    references.push(await stages.freezeReference({ adapter: deep }));
    for (const trained of references)
      for (const reference of references) {
        const pairs = await stages.synthesizeData({ rows: 8, reference: trained });
        const sft = await stages.trainSft({ data, base: trained });
        const dpo = await stages.trainPreference({ reference: trained, data: pairs });
        for (const adapter of [sft, dpo]) {
          const evaluated = stages.evaluate({ reference, adapter });
          if (trained === reference) await evaluated;
          else {
            refusals += 1;
            await assert.rejects(evaluated, names('stages.evaluate: adapter: '));
          }
        }
      }
    assert.equal(refusals, 24);
  });
});
