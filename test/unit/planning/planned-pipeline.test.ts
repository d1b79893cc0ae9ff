import assert from 'node:assert/strict';
import { outputOf } from '../../../stages';
import type { PlannedStage } from '../../../contracts/stage';
import { BudgetlineError } from '../../../core/failures';
import { registerMember } from '../../../core/members';
import { boughtApart, uniquePurchase } from '../../../planning/money';
import { planGrid } from '../../../planning/plan';
import { cellPipeline, planPipeline } from '../../../planning/planned-pipeline';
import type { Pipeline, PipelineCell } from '../../../planning/pipeline';
import { resolveSweep } from '../../support/planning/resolve';

const cell: PipelineCell = { budget: 12, sftFraction: 0.5, seed: 0, sftRows: 8, pairRows: 4, axes: {} };

/** Plans a cell with a user's pipeline. */
function planUsers(name: string, pipeline: Pipeline) {
  const pinned = { path: '/own.ts', export: name, digest: 'd'.repeat(64) };
  registerMember(pinned, pipeline);
  const context = { resolved: resolveSweep({}, { members: { pipeline: pinned } }), seed: 0 };
  return planPipeline(context, cellPipeline(context, cell));
}

const kindsOf = (stages: readonly PlannedStage[]): string[] => stages.map(({ kind }) => kind);

describe('a planned pipeline', () => {
  it('gets the rows, budget, fraction, seed and axes of its cell', async () => {
    let got: PipelineCell | undefined;
    await planUsers('curious', async ({ freezeReference, evaluate }, given) => {
      got = given;
      return evaluate({ reference: await freezeReference({ adapter: null }) });
    });
    assert.deepEqual(got, cell);
  });

  it('has the evaluation that it returns at the end of its stages, also where it is called earlier', async () => {
    const { stages, evaluation, continuesAfter } = await planUsers('early', async (functions) => {
      const reference = await functions.freezeReference({ adapter: null });
      const before = await functions.evaluate({ reference });
      const data = await functions.synthesizeData({ rows: 8 });
      await functions.evaluate({
        reference: await functions.freezeReference({ adapter: await functions.trainSft({ data }) }),
      });
      return before;
    });
    assert.deepEqual(kindsOf(stages), [
      'freezeReference',
      'synthesizeData',
      'trainSft',
      'freezeReference',
      'evaluate',
      'evaluate',
    ]);
    assert.equal(evaluation?.key, stages[5]?.key);
    assert.deepEqual(evaluation?.inputs['reference'], outputOf(stages[0]!));
    assert.deepEqual(continuesAfter, []);
  });

  it('bought what its stages buy, named where it differs from the split', async () => {
    const buying = async (name: string, rows: number) => {
      const { stages } = await planUsers(name, async (functions) => {
        const adapter = await functions.trainSft({ data: await functions.synthesizeData({ rows }) });
        return functions.evaluate({ reference: await functions.freezeReference({ adapter }) });
      });
      return uniquePurchase(stages);
    };
    const all = await buying('demonstrations alone', 12);
    assert.deepEqual(boughtApart(all, cell), { demonstrations: 12, pairs: 0 });
    assert.equal(boughtApart(all, { sftRows: 12, pairRows: 0 }), undefined);
  });

  it('is refused if it returns an evaluation on other items than those of the definition', async () => {
    for (const choice of [{ split: 'test' }, { items: 3 }, { maxNewTokens: 5 }] as const)
      await assert.rejects(
        planUsers('other', async (functions) => {
          const reference = await functions.freezeReference({ adapter: null });
          return functions.evaluate({ reference, ...choice });
        }),
        /returns "Evaluation on .*", and cells are compared on the definition's validation items/,
      );
  });

  it('has no evaluation yet if a result decides about it', async () => {
    const { stages, evaluation, continuesAfter } = await planUsers('branch', async (functions) => {
      const reference = await functions.freezeReference({ adapter: null });
      const scores = await functions.evaluate({ reference });
      const { score } = await functions.metrics(scores);
      return score > 0.5 ? scores : functions.evaluate({ reference });
    });
    assert.deepEqual(kindsOf(stages), ['freezeReference', 'evaluate']);
    assert.deepEqual([evaluation, continuesAfter], [null, [stages[1]]]);
  });

  it('is refused, by name, if it does not return an evaluation that it called', async () => {
    const refused = {
      code: 'DEFINITION_INVALID',
      message:
        'pipeline: "wrong" of /own.ts does not return an evaluation that it called with stages.evaluate.',
    };
    const wrong: Pipeline[] = [
      ({ freezeReference }) => freezeReference({ adapter: null }) as never,
      async ({ freezeReference, evaluate }) => {
        await evaluate({ reference: await freezeReference({ adapter: null }) });
        return undefined as never;
      },
      async ({ freezeReference, evaluate }) => ({
        ...(await evaluate({ reference: await freezeReference({ adapter: null }) })),
        key: '0',
      }),
    ];
    for (const pipeline of wrong) await assert.rejects(planUsers('wrong', pipeline), refused);
  });

  it('is refused, by name, if it waits for something that is not a stage', () =>
    assert.rejects(
      planUsers('patient', () => new Promise(() => undefined)),
      {
        code: 'DEFINITION_INVALID',
        message: 'pipeline: "patient" of /own.ts waits for something that is not a stage.',
      },
    ));

  it('names its cell in errors, with code, remedy and details, where the pipeline is a user’s', async () => {
    const pinned = { path: '/own.ts', export: 'no guard', digest: 'd'.repeat(64) };
    registerMember(
      pinned,
      (({ synthesizeData }, { sftRows }) => synthesizeData({ rows: sftRows }) as never) satisfies Pipeline,
    );
    const rows = { budgets: [1024], sftFractions: [0] };
    const refused = {
      code: 'DEFINITION_INVALID',
      message:
        'budget 1,024 at SFT fraction 0: stages.synthesizeData: rows: 0; a whole number above 0 is needed',
      remedy: 'Correct the call in the pipeline.',
      details: { kind: 'synthesizeData', fields: ['rows'] },
    };
    await assert.rejects(planGrid(resolveSweep(rows, { members: { pipeline: pinned } })), refused);
    await assert.rejects(planGrid(resolveSweep({ ...rows, budgets: [50_000] })), {
      message: /^budget 50000 at fraction 0 takes 50,000 rows, which is above/,
    });
  });

  it('names itself in an error that it throws, and passes on errors of the package', async () => {
    const cause = new RangeError('no rows');
    await assert.rejects(
      planUsers('faulty', () => Promise.reject(cause)),
      {
        code: 'DEFINITION_INVALID',
        message: 'pipeline: "faulty" of /own.ts fails: RangeError: no rows',
        cause,
      },
    );
    const known = new BudgetlineError('INPUT_MISSING', 'No file.');
    await assert.rejects(
      planUsers('known', () => Promise.reject(known)),
      known,
    );
  });
});
