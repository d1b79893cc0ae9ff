import assert from 'node:assert/strict';
import { readChosenLogRatios } from '../../../../app/results/artifact-rows';
import type { CellResult, SweepResult } from '../../../../contracts/results';
import { lossFacts } from '../../../../losses/facts';
import { createFolderStore } from '../../../../store';
import { publishTwoRounds } from '../../../support/audit/published';
import { temporaryFolder } from '../../../support/temporary';

describe('the log ratio of the chosen answers', () => {
  const folder = temporaryFolder();
  const facts = lossFacts({ name: 'sigmoid', beta: 0.5, labelSmoothing: 0 }, undefined);

  it('is the reward over beta of the preference tuning whose model scores the cell, whatever else its pipeline trained', async () => {
    const store = createFolderStore(folder.path());
    const cell = await publishTwoRounds(store);
    const ratioOf = async (each: CellResult): Promise<number | undefined> =>
      (await readChosenLogRatios(store, { cells: [each] } as unknown as SweepResult, facts)).get(
        each.cell.id,
      );
    assert.equal(await ratioOf(cell), -3 / 0.5);
    const scoredBy = (title: string): CellResult => {
      const { key } = cell.stages.find((stage) => stage.title === title)!;
      return { ...cell, evaluation: { ...cell.evaluation, key } };
    };
    assert.equal(await ratioOf(scoredBy('validation of beta 0.1')), -2 / 0.1);
    assert.equal(await ratioOf(scoredBy('Reference after DPO on 8 pairs')), 1 / 0.1);
    assert.equal(await ratioOf(scoredBy('8 preference pairs')), undefined);
  });
});
