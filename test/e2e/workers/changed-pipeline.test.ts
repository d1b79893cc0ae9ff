import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { SweepResult } from '../../../contracts/results';
import { call, type Ended, listFiles, start } from '../../support/cli/executable';
import { until } from '../../support/going-sweep';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';

const sweepWith = (epochs: number): string => `
import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
import type { Pipeline } from 'budgetline/workflows';

export const tuned: Pipeline = async (stages, { sftRows }) => {
  const data = await stages.synthesizeData({ rows: sftRows });
  const adapter = await stages.trainSft({ data, epochs: ${epochs} });
  return stages.evaluate({ reference: await stages.freezeReference({ adapter }) });
};

export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'changed',
  annotator: 'clean',
  budgets: [16, 32],
  sftFractions: [1],
  evaluation: { items: 8, maxNewTokens: 16 },
  pipeline: tuned,
});
`;

function titlesIn({ status, stdout, stderr }: Ended): string[] {
  assert.equal(status, 0, stderr);
  const { result } = JSON.parse(stdout) as { readonly result: SweepResult };
  assert.equal(result.cells.length, 2, JSON.stringify(result.failedCells));
  return result.cells.flatMap(({ stages }) => stages.map(({ title }) => title));
}

describe('a pipeline that is changed while a sweep with it runs', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const home = temporaryHome();

  it('does not disturb that sweep; the next run is another sweep, with the new function', async () => {
    const file = folder.at('sweep.ts');
    const options = { env: { BUDGETLINE_HOME: home.path() } };
    writeFileSync(file, sweepWith(40));
    const first = start(['run', file, '--json'], options);
    const trains = (): boolean =>
      listFiles(home.at('store', 'runs')).some((path) => path.endsWith('events.jsonl'));
    await until('the first sweep trains', () => Promise.resolve(trains()));
    writeFileSync(file, sweepWith(3));
    const second = await call(['run', file, '--json'], options);
    const epochs = [await first.ended, second].map((ended) =>
      titlesIn(ended).filter((title) => title.startsWith('SFT on')),
    );
    assert.deepEqual(
      epochs.map((titles) => titles.map((title) => /epochs \d+/.exec(title)?.[0])),
      [
        ['epochs 40', 'epochs 40'],
        ['epochs 3', 'epochs 3'],
      ],
    );
  });
});
