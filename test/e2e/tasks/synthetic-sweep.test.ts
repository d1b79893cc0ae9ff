import assert from 'node:assert/strict';
import { resolveDefinition } from '../../../definitions';
import { defineSweep } from '../../../definitions';
import { syntheticDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { runSweep, withWorkers } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const smallSweep = (task: string) =>
  defineSweep({
    ...syntheticDefaults(task),
    name: `synthetic-${task}`,
    data: { source: 'synthetic', pool: 64, validation: 4, test: 8 },
    budgets: [4],
    sftFractions: [0.5],
    pairs: { ...syntheticDefaults(task).pairs, maxNewTokens: 16 },
    evaluation: { items: 4, maxNewTokens: 16 },
    controls: [],
  });

describe('sweeps over synthetic problems of further tasks', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  it('run every stage with the embedded model and report their own scores', async () => {
    const wanted: Record<string, string[]> = {
      'instruction-following': ['instructionLoose', 'instructionStrict', 'promptLoose', 'promptStrict'],
      summarization: [
        'copyRate',
        'lengthControlledWin',
        'rouge1',
        'rouge2',
        'rougeL',
        'unparseable',
        'words',
      ],
      helpfulness: ['inconsistent', 'lengthControlledWin', 'unparseable', 'win'],
      'code-generation': ['parses', 'testsPassed'],
      'logic-puzzles': ['chain', 'strict'],
    };
    await withWorkers(folder.path(), async (client) => {
      const ran = Object.entries(wanted).map(async ([task, names]) => {
        const resolved = await resolveDefinition(smallSweep(task), { tasks: builtInTasks });
        const { result } = await runSweep(client, resolved);
        assert.deepEqual(result.failedCells, [], task);
        const evaluation = result.cells[0]?.evaluation;
        assert.ok(evaluation && evaluation.score >= 0 && evaluation.score <= 1);
        const { scores } = evaluation;
        for (const name of names)
          assert.ok(Number.isFinite(scores[name]), `${task}: ${name} ${JSON.stringify(scores)}`);
      });
      await Promise.all(ran);
    });
  });
});
