import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { start } from '../../support/cli/executable';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';

const definition = (execution: object): string => `
import { appendFileSync, existsSync } from 'node:fs';
import { defineSweep, gradeSchoolMath, gradeSchoolMathDefaults, withAnnotators } from 'budgetline';

const service = {
  name: 'service',
  description: 'A service that is away at first.',
  demonstrate: () => '',
  annotateBatch: async (problems) => {
    appendFileSync(process.env.CALLS ?? '', 'call\\n');
    if (!existsSync(process.env.SERVICE_UP ?? ''))
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
    return problems.map(() => ' 1+1=2 #### 2');
  },
};
export const tasks = [withAnnotators(gradeSchoolMath, service)];
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'outage',
  annotator: 'service',
  budgets: [16],
  sftFractions: [1],
  sft: { ...gradeSchoolMathDefaults.sft, epochs: 1 },
  evaluation: { items: 4, split: 'test', maxNewTokens: 32 },
  data: { source: 'synthetic', pool: 64, validation: 4, test: 4 },
  controls: [],
  execution: { ...gradeSchoolMathDefaults.execution, ...${JSON.stringify(execution)} },
});
`;

describe('a sweep whose annotator is away for a while', function () {
  this.timeout(acquisitionLimitMs);
  const home = temporaryHome();
  const folder = temporaryFolder();

  const run = (name: string, execution: object) => {
    writeFileSync(folder.at(`${name}.ts`), definition(execution));
    writeFileSync(folder.at(`${name}.calls`), '');
    const env = {
      BUDGETLINE_HOME: home.path(),
      CALLS: folder.at(`${name}.calls`),
      SERVICE_UP: folder.at(`${name}.up`),
    };
    const calls = (): number => readFileSync(folder.at(`${name}.calls`), 'utf8').split('\n').length - 1;
    return { ...start(['run', folder.at(`${name}.ts`)], { cwd: folder.path(), env }), calls };
  };

  it('waits, past any number of retries, says so once, and goes on when it is back', async () => {
    const sweep = run('back', { infrastructureRetries: 0 });
    while (sweep.calls() < 5) await new Promise((done) => setTimeout(done, 100));
    assert.ok(!existsSync(folder.at('back.up')));
    writeFileSync(folder.at('back.up'), '');
    const { status, stdout, stderr } = await sweep.ended;
    assert.equal(status, 0, stdout + stderr);
    const waits = (stdout + stderr).match(/Waiting since \d\d:\d\d \(ANNOTATOR_UNAVAILABLE\)/g) ?? [];
    assert.equal(waits.length, 1, stdout + stderr);
  });

  it('gives up after execution.outageHours, and names the outage', async () => {
    const { ended } = run('gone', { outageHours: 5 / 3600 });
    const { status, stdout, stderr } = await ended;
    assert.notEqual(status, 0);
    assert.match(
      (stdout + stderr).replace(/\s+/g, ' '),
      /RETRIES_SPENT.*ANNOTATOR_UNAVAILABLE since \d{4}-\d\d-\d\d \d\d:\d\d UTC, and 0\.00\d* hours \(execution\.outageHours\) are waited/,
    );
  });
});
