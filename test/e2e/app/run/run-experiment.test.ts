import '../../../support/quiet-runtime';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as app from '../../../../app';
import {
  type CellResult,
  type ExperimentInput,
  type ExperimentStatus,
  gradeSchoolMathDefaults,
  runExperiment,
} from '../../../../index';
import { runExample } from '../../../support/app/documented';
import { call } from '../../../support/cli/executable';
import { acquisitionLimitMs } from '../../../support/temporal';
import { temporaryHome } from '../../../support/temporary';

const experiment: ExperimentInput = {
  ...gradeSchoolMathDefaults,
  name: 'one-cell',
  annotator: 'clean',
  budget: 32,
  sftFraction: 0.5,
  evaluation: { items: 8, maxNewTokens: 48 },
};

/** A result decides how its pipeline continues. */
const branching: ExperimentInput = {
  ...experiment,
  name: 'branching',
  // Long enough to be seen by a poll a second.
  preference: { ...gradeSchoolMathDefaults.preference, epochs: 30 },
  pipeline: {
    module: join(__dirname, '..', '..', '..', 'support', 'toys', 'until-solved.ts'),
    export: 'untilSolved',
  },
};

const titlesOf = (stages: readonly { readonly title: string }[]): string[] =>
  stages.map(({ title }) => title);

describe('slow: an experiment from a program', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryHome();
  let branched: CellResult;

  before(() => {
    process.env['BUDGETLINE_HOME'] = folder.path();
  });
  after(() => {
    delete process.env['BUDGETLINE_HOME'];
  });

  it('runs to its end, by its example, and takes its stages from the store when it runs again', async () => {
    const [head = '', ...stages] = await runExample('runExperiment', { experiment });
    const again = await runExperiment(experiment);
    assert.equal(head, `${again.cell.id} ${again.evaluation.score}`);
    assert.deepEqual(
      again.stages.map(({ kind }) => kind),
      ['synthesizeData', 'trainSft', 'freezeReference', 'synthesizeData', 'trainPreference', 'evaluate'],
    );
    assert.deepEqual(
      stages.map((line) => line.replace(/ [\d.]+$/, '')),
      titlesOf(again.stages),
    );
    assert.ok(again.stages.every(({ cached }) => cached));
    assert.equal(again.stages.at(-1)?.key, again.evaluation.key);
  });

  it('continues on the server if the call is aborted, and the next call attaches to it', async () => {
    const controller = new AbortController();
    const onProgress = ({ progress }: ExperimentStatus): void => {
      if (progress !== null) controller.abort(new Error('enough'));
    };
    await assert.rejects(
      runExperiment(branching, { onProgress, signal: controller.signal }),
      /^Error: enough$/,
    );
    const [notices, seen]: [string[], ExperimentStatus[]] = [[], []];
    branched = await runExperiment(branching, {
      onNotice: (text) => notices.push(text),
      onProgress: (status) => seen.push(status),
    });
    assert.deepEqual(notices, ['This experiment is already running; following it.']);
    const { unplanned = [], stages } = branched;
    assert.deepEqual(titlesOf(unplanned), titlesOf(stages.slice(-unplanned.length)));
    assert.equal(unplanned.length, 3);
    const running = seen.flatMap((status) => status.running.flatMap(({ stage }) => stage ?? []));
    const tuning = unplanned[1]!;
    assert.ok(
      running.some(({ key, title }) => key === tuning.key && title === tuning.title),
      'a stage that no plan knew runs under its title',
    );
  });

  it('is audited and verified like a sweep', async () => {
    const { id } = branched.cell;
    const { progress } = await app.readStatus(id);
    assert.ok(progress?.of === 'experiment');
    assert.deepEqual(titlesOf(progress.experiment.finished), titlesOf(branched.stages));
    const { stages } = await app.auditRun(id);
    assert.deepEqual(titlesOf(stages).sort(), titlesOf(branched.stages).sort());
    const { passed, complete, checks } = await app.verifyRun(id);
    assert.deepEqual([passed, complete], [true, true], JSON.stringify(checks, undefined, 2));
  });

  it('is reproduced', async () => {
    const { status, stdout, stderr } = await call(['reproduce', branched.cell.id], {
      env: { BUDGETLINE_HOME: folder.path() },
    });
    assert.equal(status, 0, stdout + stderr);
  });

  it('is refused before anything runs if its definition is wrong', async () => {
    await assert.rejects(runExperiment({ ...experiment, sftFraction: 2 }), { code: 'DEFINITION_INVALID' });
    await assert.rejects(runExperiment({ ...experiment, annotator: 'nobody' }), { code: 'TASK_UNKNOWN' });
  });
});
