import assert from 'node:assert/strict';
import { join } from 'node:path';
import { withAnnotators } from '../../../annotators';
import type { Annotator } from '../../../contracts/task';
import { demonstrationRow } from '../../../schemas/rows';
import { planStage, stageKinds } from '../../../stages';
import { readJsonLines } from '../../../activities/json-lines';
import { coinTask } from '../../support/coin-task';
import { codeOfOwn, createBench, resolveSmall } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';

// Demonstrations do not use the model; any folder will do.
const model = join(__dirname, '../../../models/tiny-math');

describe('rows that an annotator refuses', function () {
  const folder = temporaryFolder();

  const prepare = async (home: string, refuses: (at: number) => boolean) => {
    const annotator: Annotator = {
      name: 'careful',
      description: 'Refuses some problems.',
      demonstrate: () => '',
      annotateBatch: (problems) => Promise.resolve(problems.map((_, at) => (refuses(at) ? null : ' heads'))),
    };
    const task = withAnnotators(coinTask, annotator);
    const code = await codeOfOwn({ annotator: task.annotators.at(-1)! });
    const resolved = { ...(await resolveSmall(model, { annotator: 'careful' })), ...code };
    const bench = createBench(folder.at(home), { deps: { tasks: [task] } });
    return { bench, stage: planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows: 6 }) };
  };

  it('are left out, counted and named in a warning', async () => {
    const { bench, stage } = await prepare('some', (at) => at % 3 === 1);
    const { metrics, warnings = [] } = await bench.run(stage);
    assert.deepEqual([metrics['rows'], metrics['refused']], [4, 2]);
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0]?.code, 'ROWS_REFUSED');
    assert.match(
      warnings[0].message,
      /^careful refused 2 of 6 problems, whose rows are left out: pool-\d+, pool-\d+$/,
    );
    const artifact = await bench.store.get({ kind: stage.kind, key: stage.key });
    const rows = await readJsonLines(join(artifact!.dir, 'demonstrations.jsonl'), demonstrationRow);
    assert.equal(rows.length, 4);
  });

  it('end the stage if there are no others', async () => {
    const { bench, stage } = await prepare('all', () => true);
    const { type, message } = await bench.fail(stage);
    assert.deepEqual([type, message], ['ANNOTATOR_REFUSED', 'careful refused all 6 problems.']);
  });
});
