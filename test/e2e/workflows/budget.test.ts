import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';
import { loadDefinition } from '../../../app';
import { taskQueues } from '../../../contracts/stage';
import { resolveDefinition } from '../../../definitions';
import { experimentOf, gridOf, planGrid } from '../../../planning';
import { builtInTasks } from '../../../workers';
import type { buy } from '../../support/buying-workflows';
import { withIdleWorkers } from '../../support/idle-bench';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const prices = { sftExample: 0.002, preferencePair: 0.002 };
const workflowsPath = join(__dirname, '..', '..', 'support', 'buying-workflows.ts');

describe('the budget of a workflow that composes stages itself', function () {
  this.timeout(acquisitionLimitMs);

  let workflowBundle: WorkflowBundle;
  before(async () => {
    workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  });

  type Asked = Omit<Parameters<typeof buy>[0], 'resolved'>;

  /** Runs the purchases one workflow after another: what each bought, and the code of its failure. */
  async function purchasesOf(cases: readonly Asked[]) {
    const sweep = await resolveTinySweep({ name: 'buying', budgets: [64], sftFractions: [0.5], prices });
    const resolved = experimentOf(sweep, gridOf(sweep.definition)[0]!);
    const bought: number[] = [];
    const codeOf = async (client: Client, asked: Asked): Promise<string> => {
      const options = { taskQueue: taskQueues.cpu, workflowId: randomUUID(), args: [{ resolved, ...asked }] };
      try {
        await client.workflow.execute('buy', options);
        return 'none';
      } catch (error) {
        assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
        return error.cause.type ?? '';
      }
    };
    return withIdleWorkers(
      {
        workflowBundle,
        onStage: (_, { rows }) => void bought.push(...(rows === null ? [] : [rows.count])),
      },
      async (client) => {
        const ends: { code: string; bought: number[] }[] = [];
        for (const asked of cases) {
          const code = await codeOf(client, asked);
          ends.push({ code, bought: bought.splice(0) });
        }
        return ends;
      },
    );
  }

  it('holds: 5,000 demonstrations for 64 rows and $0.20 are refused, and nothing is bought', async () => {
    assert.deepEqual(
      await purchasesOf([
        { demonstrations: 5000, allowanceUsd: 0.2 },
        { demonstrations: 5000 },
        { demonstrations: 64, allowanceUsd: 0.2 },
        { demonstrations: 64, allowanceUsd: 0.1 },
      ]),
      [
        { code: 'BUDGET_EXCEEDED', bought: [] },
        { code: 'BUDGET_EXCEEDED', bought: [] },
        { code: 'none', bought: [64] },
        { code: 'SPEND_LIMIT', bought: [] },
      ],
    );
  });

  it('refuses rows that are no count or not in the pool, and nothing is bought', async () => {
    const wrong = [8.5, 0, -1, NaN, 2 ** 53];
    assert.deepEqual(
      await purchasesOf([...wrong, 1e9].map((demonstrations) => ({ demonstrations }))),
      [...wrong.map(() => 'DEFINITION_INVALID'), 'BUDGET_EXCEEDS_POOL'].map((code) => ({ code, bought: [] })),
    );
  });

  it('is shared by purchases side by side, which fit each but not together', async () => {
    const ends = await purchasesOf([
      { demonstrations: 40, pairs: 40 },
      { demonstrations: 32, pairs: 32, allowanceUsd: 0.1 },
      { demonstrations: 32, pairs: 32, allowanceUsd: 0.128 },
    ]);
    assert.deepEqual(
      ends.map(({ code }) => code),
      ['BUDGET_EXCEEDED', 'SPEND_LIMIT', 'none'],
    );
    for (const { bought } of ends.slice(0, 2)) assert.ok(bought.length <= 1, 'the second is refused');
    assert.deepEqual(ends[2]!.bought, [32, 32]);
  });
});

describe('the budget of a sweep with a pipeline of the user', () => {
  const folder = temporaryFolder();

  it('refuses a pipeline that buys too much when it is planned', async () => {
    writeFileSync(
      folder.at('greedy.ts'),
      `import type { Pipeline } from 'budgetline/workflows';
export const greedy: Pipeline = async (stages, { sftRows }) => {
  const data = await stages.synthesizeData({ rows: sftRows + 5 });
  const adapter = await stages.trainSft({ data });
  return stages.evaluate({ reference: await stages.freezeReference({ adapter }) });
};
`,
    );
    writeFileSync(
      folder.at('sweep.ts'),
      `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'greedy',
  annotator: 'majority-error',
  budgets: [64],
  sftFractions: [0.5, 1],
  controls: [],
  pipeline: { module: './greedy.ts', export: 'greedy' },
});
`,
    );
    const { definition, tasks } = await loadDefinition(folder.at('sweep.ts'), {});
    const resolved = await resolveDefinition(definition, { tasks: [...tasks, ...builtInTasks] });
    await assert.rejects(planGrid(resolved), {
      code: 'BUDGET_EXCEEDED',
      message:
        'budget 64 at SFT fraction 1: 69 demonstrations by majority-error: takes 69 more rows; the budget of 64 rows has 64 left.',
    });
  });
});
