import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BudgetlineError } from '../../../core/failures';
import type { CellResult, EvaluationSummary, SweepResult } from '../../../contracts/results';
import type { StageResult } from '../../../contracts/stage';
import { isName } from '../../../core/names';
import {
  coordinatesSlug,
  planGrid,
  splitResult,
  type SweepPlan,
  sweepIdOf,
  type VariantResult,
  variantsOf,
} from '../../../planning';
import { resolveSweep } from '../../support/planning/resolve';

const axes = {
  annotator: ['clean', 'majority-error', 'slip'],
  'sft.lora.rank': [8, 16],
};
const plain = resolveSweep();
const crossed = resolveSweep({ axes });

const keysOf = async (sweep: ReturnType<typeof resolveSweep>): Promise<Set<string>> =>
  new Set((await planGrid(sweep)).stages.map(({ stage }) => stage.key));

function assertInvalid(change: Parameters<typeof resolveSweep>[0], message: RegExp): void {
  assert.throws(
    () => resolveSweep(change),
    (error) =>
      error instanceof BudgetlineError && error.code === 'DEFINITION_INVALID' && message.test(error.message),
  );
}

describe('axes of a sweep', () => {
  let plan: SweepPlan;
  before(async () => {
    plan = await planGrid(crossed);
  });

  it('multiply the grid, and every cell has its coordinates', async () => {
    assert.equal(plan.cells.length, 3 * 2 * (await planGrid(plain)).cells.length);
    assert.equal(new Set(plan.cells.map(({ cell }) => cell.id)).size, plan.cells.length);
    for (const { cell, experiment } of plan.cells) {
      assert.equal(cell.axes?.['annotator'], cell.annotator);
      assert.equal(cell.axes['sft.lora.rank'], String(experiment.definition.sft.lora?.rank));
      assert.ok(cell.id.endsWith(`-annotator=${cell.annotator}-sft.lora.rank=${cell.axes['sft.lora.rank']}`));
    }
  });

  it('plan at each place the stages of a plain sweep with its settings', async () => {
    const { sft } = plain.definition;
    const union = new Set<string>();
    for (const annotator of axes.annotator)
      for (const rank of axes['sft.lora.rank'])
        for (const key of await keysOf(
          resolveSweep({ annotator, sft: { ...sft, lora: { ...sft.lora!, rank } } }),
        ))
          union.add(key);
    assert.deepEqual(await keysOf(crossed), union);
  });

  it('share the stages that an axis does not change', () => {
    const [reference, evaluation, ...others] = plan.base;
    assert.deepEqual([reference?.kind, evaluation?.kind, others.length], ['freezeReference', 'evaluate', 0]);
    const demonstrations = plan.stages.filter(
      ({ stage: { rows } }) => rows?.source.what === 'demonstrations' && rows.count === 64,
    );
    // 64 demonstrations serve SFT fraction 1 at budget 64 and 0.25 at 256, at both ranks.
    assert.deepEqual(
      demonstrations.map(({ cells }) => cells),
      [4, 4, 4],
    );
    assert.equal(plan.purchase.demonstrations, 3 * 1024);
  });

  it('are optional', async () => {
    assert.deepEqual(variantsOf(plain.definition), [{ coordinates: {}, definition: plain.definition }]);
    assert.equal((await planGrid(plain)).cells[0]?.cell.axes, undefined);
    assert.equal('axes' in plain.definition, false);
  });

  it('may change several fields under one label, defaults filled in', async () => {
    const sweep = resolveSweep({
      axes: {
        size: {
          small: { data: { source: 'synthetic', pool: 100 }, 'evaluation.items': 10 },
          large: { data: { source: 'synthetic', pool: 2048 } },
        },
      },
      budgets: [64],
    });
    const [small, large] = variantsOf(sweep.definition).map(({ definition }) => definition);
    assert.deepEqual(small?.data, { source: 'synthetic', seed: 0, pool: 100, validation: 200, test: 400 });
    assert.deepEqual([small.evaluation.items, large?.evaluation.items], [10, 400]);
    assert.equal((await planGrid(sweep)).base.length, 3, 'one reference, two evaluations');
  });

  it('have their own model and files at each place', async () => {
    const sweep = resolveSweep({ axes: { model: ['small', 'large'] }, budgets: [64] });
    const inputs = (digest: string, poolRows: number) => ({
      files: {},
      poolRows,
      model: { name: digest, digest: digest.repeat(64), path: `/${digest}` },
    });
    const pinned = { ...sweep, ...inputs('a', 6144), variants: [inputs('a', 6144), inputs('b', 6144)] };
    const references = (await planGrid(pinned)).base.filter(({ kind }) => kind === 'freezeReference');
    assert.deepEqual(
      references.map(({ inputs }) => inputs.base),
      ['a', 'b'].map((digest) => ({ digest: digest.repeat(64), path: `/${digest}` })),
    );
    const other = { ...pinned, variants: [inputs('a', 6144), inputs('c', 6144)] };
    assert.notEqual(sweepIdOf(other), sweepIdOf(pinned));
    const short = { ...pinned, variants: [inputs('a', 6144), inputs('b', 10)] };
    await assert.rejects(planGrid(short), { code: 'BUDGET_EXCEEDS_POOL' });
  });

  it('are refused for an unknown or fixed field, or a value that the field does not accept', () => {
    assertInvalid({ axes: { 'sft.rank': [1] } }, /axes\["sft\.rank"\], 1: sft\.rank: no such field/);
    assertInvalid({ axes: { prices: ['cheap'] } }, /prices.*no axis may change this field/);
    assertInvalid({ axes: { sftFractions: [1] } }, /no axis may change this field/);
    const changed = (name: string, field: string) => ({ axes: { place: { [name]: { [field]: 1 } } } });
    assertInvalid(changed('clean one', 'sft.epochs'), /axes\.place\.clean one: .*a short name of letters/);
    assertInvalid(changed('short', 'prices.x'), /axes\.place\.short.*no axis may change this field/);
    assertInvalid({ axes: { 'sft.lora.rank': [8, -8] } }, /sft\.lora\.rank.*-8/);
    assertInvalid({ axes: { 'sft.lora.rank': [8, 8] } }, /each value once/);
    assertInvalid({ axes: { 'sft.lora.rank': [] } }, /axes\.sft\.lora\.rank/);
  });

  it('are refused by name where malformed; an empty object means no axes', () => {
    const malformed: unknown[] = [
      ...[{}, null, 8, 'clean', true, [[8]], [{}], [undefined], [Number.NaN]],
      ...[{ small: {} }, { small: null }, { small: 8 }, { small: [8] }, { small: { '': 8 } }, { '': {} }],
      ...[{ small: { 'sft.epochs': () => 1 } }, { small: { 'sft.epochs': undefined } }],
    ];
    for (const size of malformed) assertInvalid({ axes: { size: size as never } }, /axes[.[]"?size/);
    for (const name of ['', ' ', 'a b', '../up', 'größe', 'x'.repeat(201)])
      assertInvalid({ axes: { [name]: { small: { 'sft.epochs': 1 } } } }, /a name of letters/);
    assertInvalid(
      { axes: { size: { small: { 'sft.lora.rank': 4 } }, 'sft.lora.rank': [8, 16] } },
      /axes\["sft\.lora\.rank"\]: changes sft\.lora\.rank, and axes\["size"\] changes/,
    );
    assertInvalid({ axes: { 'sft.lora': [null], 'sft.lora.rank': [8] } }, /axes\["sft\.lora\.rank"\]/);
    for (const axes of [null, [], 8]) assertInvalid({ axes: axes as never }, /^axes/);
    assert.equal('axes' in resolveSweep({ axes: {} }).definition, false);
  });

  it('give every place a unique id and file name, whatever their values', async () => {
    const awkward = [
      ...[
        'gpt 4',
        'gpt_4',
        'gpt-4',
        'GPT-4',
        'Gpt-4',
        'é',
        'e\u0301',
        'ü',
        '模型',
        '模組',
        '😀',
        ' ',
        '.',
        '..',
      ],
      ...[
        'a/b',
        'a\\b',
        'a_b',
        'a:b',
        'con',
        'nul',
        'a@b',
        `a@${'0'.repeat(12)}`,
        'x'.repeat(300),
        `${'x'.repeat(300)}y`,
      ],
    ];
    const value = fc.oneof(fc.constantFrom(...awkward), fc.string({ unit: 'binary' }), fc.string());
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 2, maxLength: 8 }), value, (values, other) => {
        const slugs = values.map((model) => coordinatesSlug({ model, 'sft.lora.rank': other }));
        assert.equal(new Set(slugs.map((slug) => slug.toLowerCase().normalize('NFC'))).size, values.length);
        for (const slug of slugs) assert.ok(isName(`report${slug}.html`), slug);
      }),
    );
    assert.equal(coordinatesSlug({ annotator: 'majority-error' }), '-annotator=majority-error');
    assert.equal(coordinatesSlug({ b: '1', a: '2' }), coordinatesSlug({ a: '2', b: '1' }));
    const models = ['gpt 4', 'gpt_4', 'GPT_4'];
    const sweep = resolveSweep({ axes: { model: models }, budgets: [64], sftFractions: [1] });
    assert.equal(new Set((await planGrid(sweep)).cells.map(({ cell }) => cell.id.toLowerCase())).size, 3);
  });
});

describe('a result split along its axes', () => {
  const evaluation = (score: number): EvaluationSummary => ({
    key: 'k',
    digest: 'd',
    items: 10,
    score,
    wellFormedRate: 1,
    truncatedRate: 0,
    noEosRate: 0,
    metric: 'accuracy',
    meanTokens: 1,
    repetitionRate: 0,
    scores: {},
  });
  const zeroCost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 0, verifierCalls: 0 };
  const baseStage = (key: string): StageResult => ({
    key,
    kind: 'evaluate',
    makes: 'scores',
    title: key,
    digest: key,
    cached: false,
    ledgerHead: null,
    metrics: {},
    cost: zeroCost,
    usd: 0,
  });
  const resultOf = (plan: SweepPlan): SweepResult => {
    const cells: CellResult[] = plan.cells.map(({ cell }, index) => ({
      cell,
      evaluation: evaluation(index / 1000),
      stages: [],
      annotationUsd: 1,
    }));
    const [failedCell, ...done] = cells;
    return {
      sweepId: plan.sweepId,
      definitionDigest: plan.definitionDigest,
      ledgerHead: null,
      base: evaluation(0.1),
      cells: done,
      cost: zeroCost,
      baseStages: plan.variants.map((_, index) => baseStage(`base-${index}`)),
      variants: plan.variants.map(({ coordinates }, index) => ({
        axes: coordinates,
        base: evaluation(index / 10),
        stageKeys: [`base-${index}`],
      })),
      failedCells: [{ cell: failedCell!.cell, code: 'TRAINER_DIVERGED', message: 'It diverged.' }],
      controls: [
        {
          kind: 'sft-on-chosen',
          of: done[0]!.cell.id,
          evaluation: evaluation(0.5),
          annotationUsd: 1,
          stages: [],
        },
      ],
      failedControls: [
        { kind: 'few-shot', of: failedCell!.cell.id, code: 'DATA_INVALID', message: 'A row.', stages: [] },
      ],
      tests: [],
    };
  };
  let result: SweepResult;
  let parts: readonly VariantResult[];
  before(async () => {
    result = resultOf(await planGrid(crossed));
    parts = splitResult(crossed.definition, result);
  });

  it('has every cell, failed cell and control once, at its place', () => {
    const ids = parts.flatMap((part) => part.result.cells.map(({ cell }) => cell.id)).sort();
    assert.deepEqual(ids, result.cells.map(({ cell }) => cell.id).sort());
    assert.equal(
      parts.reduce((sum, part) => sum + part.result.failedCells.length, 0),
      1,
    );
    assert.equal(
      parts.reduce((sum, part) => sum + part.result.controls.length, 0),
      1,
    );
    const [failed] = parts.flatMap((part) =>
      part.result.failedControls.map(() => part.result.failedCells.length),
    );
    assert.equal(failed, 1, 'where its cell is, which failed too');
    for (const { definition, result: part } of parts) {
      assert.ok(part.cells.every(({ cell }) => cell.annotator === definition.annotator));
      assert.ok(part.controls.every(({ of }) => part.cells.some(({ cell }) => cell.id === of)));
    }
  });

  it('gives each part its own base and name', () => {
    assert.deepEqual(
      parts.map((part) => part.result.base?.score),
      [0, 0.1, 0.2, 0.3, 0.4, 0.5],
    );
    assert.equal(new Set(parts.map((part) => part.result.sweepId)).size, 6);
    assert.deepEqual(
      parts.map((part) => part.result.baseStages.map(({ key }) => key)),
      parts.map((_, index) => [`base-${index}`]),
    );
  });

  it('is unchanged without axes', () => {
    const parts = splitResult(plain.definition, {
      ...result,
      cells: [],
      controls: [],
      failedControls: [],
      failedCells: [],
    });
    assert.deepEqual(
      parts.map((part) => part.result.sweepId),
      [result.sweepId],
    );
  });
});
