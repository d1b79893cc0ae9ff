import assert from 'node:assert/strict';
import { preferenceAnnotator, withPreferenceAnnotators } from '../../../../annotators';
import { planSweep } from '../../../../app/plan/plan-sweep';
import { createInk } from '../../../../cli/print/ink';
import { renderPlan } from '../../../../cli/print/plan';
import { sampledSpecOf } from '../../../../stages';
import type { StageResult } from '../../../../contracts/stage';
import type { SweepInput } from '../../../../definitions';
import { createFolderStore } from '../../../../store';
import { gradeSchoolMath, gradeSchoolMathDefaults } from '../../../../tasks';
import { publishStage } from '../../../support/audit/published';
import { temporaryFolder } from '../../../support/temporary';

const verifierCall = 0.01;
const definition: SweepInput = {
  ...gradeSchoolMathDefaults,
  name: 'yields',
  annotator: 'clean',
  data: { source: 'synthetic', pool: 256, validation: 2, test: 4 },
  budgets: [16],
  sftFractions: [1, 0.5, 0],
  evaluation: { items: 4, maxNewTokens: 8 },
  prices: { ...gradeSchoolMathDefaults.prices, verifierCall },
};

describe('the yield that a plan expects', () => {
  const folder = temporaryFolder();
  const store = () => createFolderStore(folder.path());
  const plan = (change: Partial<SweepInput> = {}) =>
    planSweep({ ...definition, ...change }, { home: folder.path() });
  const linesOf = ({ summary, resolved }: Awaited<ReturnType<typeof plan>>): string =>
    renderPlan(summary, resolved.definition, createInk(false)).join(' ').replace(/\s+/g, ' ');
  let first: Awaited<ReturnType<typeof plan>>;

  /** An earlier data stage with the settings of the plan, on a reference of a base model. */
  const publish = async (
    { rows, prompts }: { rows: number; prompts: number },
    change: object = {},
    model = first.resolved.model.digest,
  ): Promise<void> => {
    const planned = first.plan.stages.map(({ stage }) => stage).find((stage) => sampledSpecOf(stage))!;
    const base = { key: model, digest: model } as StageResult;
    const reference = await publishStage(store(), 'freezeReference', { inputs: { base } });
    const spec = { ...planned.spec, rows, seed: prompts, ...change };
    const metrics = { rows, promptsScanned: prompts };
    await publishStage(store(), 'synthesizeData', { spec, inputs: { reference }, metrics });
  };

  before(async () => {
    first = await plan();
  });

  it('is an assumption where the store has no earlier stage', () => {
    const { summary } = first;
    assert.deepEqual(
      summary.yields.map(({ expected, low, high, stages }) => [expected, low, high, stages]),
      [[0.4, 0.4, 0.4, 0]],
    );
    assert.deepEqual(summary.purchase, first.plan.purchase);
    const { low, high } = summary.yieldRange.verifierCalls;
    assert.deepEqual([low, high], [summary.purchase.verifierCalls, summary.purchase.verifierCalls]);
    assert.match(
      linesOf(first),
      /Yield assumes 0\.4 pairs a prompt of grade-school-math: the store has no earlier data stage with these settings; the first run will show it/,
    );
  });

  it('is one of each kind of preference annotator, a program too', async () => {
    const program = preferenceAnnotator({
      name: 'shorter',
      description: 'Prefers the shorter answer.',
      by: (_, one, other) => (one.length < other.length ? 'first' : 'second'),
    });
    const tasks = [withPreferenceAnnotators(gradeSchoolMath, program)];
    const labelled = { ...definition, pairs: { ...gradeSchoolMathDefaults.pairs, annotator: 'shorter' } };
    const { summary } = await planSweep(labelled, { home: folder.path(), tasks });
    assert.deepEqual(
      summary.yields.map(({ what, expected }) => [what, expected]),
      [['labelled-pairs', 0.4]],
    );
  });

  it('names the values on the axes that it depends on', async () => {
    const { temperature } = gradeSchoolMathDefaults.pairs;
    const other = temperature / 2;
    const planned = await plan({
      axes: { 'pairs.temperature': [temperature, other], annotator: ['clean', 'slip'], 'sft.epochs': [1, 2] },
    });
    assert.deepEqual(
      planned.summary.yields.map(({ at }) => at),
      [{ 'pairs.temperature': [String(temperature)] }, { 'pairs.temperature': [String(other)] }],
    );
    assert.ok(
      linesOf(planned).includes(
        `assumes 0.4 pairs a prompt of grade-school-math (pairs.temperature ${other}): the store has no`,
      ),
      linesOf(planned),
    );
  });

  it('is not learned from other settings, tasks or kinds of rows', async () => {
    const pairs = sampledSpecOf(first.plan.stages.map(({ stage }) => stage).find(sampledSpecOf)!)!.pairs;
    await publish({ rows: 9, prompts: 10 }, { pairs: { ...pairs, candidates: 2 } });
    await publish({ rows: 9, prompts: 11 }, { task: 'logic-puzzles' });
    await publish({ rows: 9, prompts: 12 }, { what: 'rejection-samples' });
    await publish({ rows: 0, prompts: 0 });
    assert.equal((await plan()).summary.yields[0]?.stages, 0);
  });

  it('is learned from other models, and from the same model once there is one', async () => {
    await publish({ rows: 8, prompts: 10 }, {}, 'e'.repeat(64));
    const other = (await plan()).summary.yields[0]!;
    assert.deepEqual([other.expected, other.stages, other.sameModel], [0.8, 1, false]);
    await publish({ rows: 10, prompts: 40 });
    await publish({ rows: 30, prompts: 60 });
    const planned = await plan();
    const [found] = planned.summary.yields;
    assert.deepEqual([found?.expected, found?.low, found?.high], [0.4, 0.25, 0.5]);
    assert.deepEqual([found?.stages, found?.sameModel], [2, true]);
  });

  it('changes estimates only: neither keys, nor the rows that money buys, nor what a run may spend', async () => {
    await publish({ rows: 10, prompts: 100 });
    const planned = await plan();
    const { summary } = planned;
    const keys = ({ plan: { stages } }: typeof first) => stages.map(({ stage }) => stage.key);
    assert.deepEqual(keys(planned), keys(first));
    assert.deepEqual(planned.plan.purchase, first.plan.purchase);
    const [found] = summary.yields;
    assert.equal(found?.expected, 0.25);
    // 8 pairs after SFT and 16 without it, 4 candidates a prompt.
    const callsAt = (rate: number) => 4 * (Math.ceil(8 / rate) + Math.ceil(16 / rate));
    assert.equal(summary.purchase.verifierCalls, callsAt(0.25));
    assert.deepEqual(summary.yieldRange.verifierCalls, { low: callsAt(0.5), high: callsAt(0.1) });
    const dearer = (callsAt(0.25) - callsAt(0.4)) * verifierCall;
    assert.ok(Math.abs(summary.annotationUsd - first.summary.annotationUsd - dearer) < 1e-9);
    assert.ok(summary.tokens > first.summary.tokens && summary.seconds > first.summary.seconds);
    const text = linesOf(planned);
    assert.match(
      text,
      /Yield expects 0\.25 pairs a prompt of grade-school-math: 3 earlier data stages of this task and model, 0\.1 to 0\.5 at these yields: 192 to 960 verifier calls, \$\d+\.\d\d to \$\d+\.\d\d/,
    );
    const money = { budgets: undefined, sftFractions: undefined } as object;
    const inMoney = async () =>
      (
        await plan({
          ...money,
          budgets: [{ usd: 1 }] as never,
          sftSpendFractions: [0.5],
          prices: { ...definition.prices, exaflop: 1 },
        })
      ).plan.cells.map(({ cell }) => [cell.sftRows, cell.pairRows]);
    const rows = await inMoney();
    await publish({ rows: 10, prompts: 1_000 });
    assert.deepEqual(await inMoney(), rows);
  });
});
