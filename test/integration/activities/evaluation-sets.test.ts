import { strict as assert } from 'node:assert';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonLines } from '../../../activities/json-lines';
import { withJudges } from '../../../annotators';
import { foundScores } from '../../../contracts/auxiliary';
import type { StageResult } from '../../../contracts/stage';
import type { Judge, Task } from '../../../contracts/task';
import { itemResult } from '../../../schemas/rows';
import { planStage, type StageContext, stageKinds } from '../../../stages';
import { digestFile } from '../../../store';
import { summarization } from '../../../tasks';
import { coinTask } from '../../support/coin-task';
import { codeOfOwn, createBench, resolveSmall, type StageBench } from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';
import { verifyResults } from '../../support/verify-bench';

const { freezeReference, evaluate } = stageKinds;

describe('an evaluation of some of the questions', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let bench: StageBench;
  let context: StageContext;
  let results: StageResult[];
  const asked: number[] = [];

  before(async () => {
    const judge: Judge = {
      name: 'first',
      description: 'Prefers what it is shown first.',
      compareBatch(comparisons) {
        asked.push(comparisons.length);
        return Promise.resolve(comparisons.map(() => '[[A]]'));
      },
    };
    const compared: Task = {
      ...coinTask,
      comparison: ({ prompt, target }, answer) => ({ prompt, answer, reference: target }),
    };
    const [coins, summaries] = [withJudges(compared, judge), withJudges(summarization, judge)];
    const path = folder.at('summaries.jsonl');
    const documents = ['The cat sat on the mat. It slept.', 'Rain fell. The road was wet.'];
    const rows = documents.map((document) => ({ document, summary: 'It slept.' }));
    await writeFile(path, rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const data = { source: 'files', test: path } as const;
    const short = { task: 'summarization', name: 'short', items: 2, maxNewTokens: 5, judge: 'first', data };
    const evaluation = { items: 20, maxNewTokens: 12, judge: 'first', auxiliary: [short] };
    const { code = {} } = await codeOfOwn({ judge: coins.judges?.at(-1) });
    const resolved = {
      ...(await resolveSmall(await makeTinyModel(folder.at('model')), { evaluation })),
      files: { 'evaluation.auxiliary.short.test': { path, digest: await digestFile(path) } },
      code: { ...code, short: code['']! },
    };
    context = { resolved, seed: 0 };
    bench = createBench(folder.at('home'), { deps: { tasks: [coins, summaries] } });
    results = [await bench.run(base())];
  });

  const base = () => planStage(freezeReference, context, { adapter: null });

  const run = async (call: object) => {
    const reference = base();
    const stage = planStage(evaluate, context, { reference, ...call });
    asked.length = 0;
    const result = await bench.run(stage);
    results.push(result);
    return { result, ...(await bench.store.verify(stage)) };
  };

  it('asks validation problems of the trained task alone, and its judge', async () => {
    const { result, dir } = await run({ split: 'validation' });
    const items = await readJsonLines(join(dir, 'items.jsonl'), itemResult);
    assert.deepEqual(
      items.map(({ id }) => id),
      ['validation-0', 'validation-1', 'validation-2', 'validation-3'],
    );
    assert.deepEqual([result.metric, result.auxiliary, asked], [coinTask.metric, undefined, [8]]);
    const [score, ...others] = foundScores(result);
    assert.deepEqual([score?.auxiliary, score?.items, score?.score, others], [null, 4, 0.5, []]);
  });

  it('asks one auxiliary task alone, and names it in its score', async () => {
    const { result, dir, manifest } = await run({ task: 'short', items: 1 });
    const items = await readJsonLines(join(dir, 'auxiliary/short/items.jsonl'), itemResult);
    assert.deepEqual([items.length, asked], [1, [2]]);
    assert.deepEqual([result.task, result.metric, result.metrics['items']], ['short', 'win rate', 1]);
    assert.deepEqual([manifest.task, manifest.metrics['score']], ['short', 0.5]);
    const [score, ...others] = foundScores(result);
    assert.deepEqual([score?.auxiliary, score?.score, others], ['short', 0.5, []]);
    const [ended] = (await bench.ledger({ ...base(), key: manifest.key })).filter(
      ({ type }) => type === 'attempt-ended',
    );
    assert.deepEqual(ended?.type === 'attempt-ended' && ended.scores?.map((each) => each.auxiliary), [
      'short',
    ]);
  });

  it('asks the first of the test items, with all auxiliary tasks', async () => {
    const { result } = await run({ items: 3 });
    assert.equal(result.metrics['items'], 3);
    assert.deepEqual(
      result.auxiliary?.map(({ name, metrics }) => [name, metrics['items']]),
      [['short', 2]],
    );
  });

  it('is verified as a whole evaluation is', async () => {
    assert.equal(results.length, 4);
    assert.deepEqual(await verifyResults(bench, 'sets', results), []);
  });

  it('fails where a file has fewer items than it asks', async () => {
    const stage = planStage(evaluate, context, { reference: base(), task: 'short', items: 3 });
    const failure = await bench.fail(stage);
    assert.equal(failure.type, 'DEFINITION_INVALID');
    assert.match(failure.message, /items is 3; the test set of summarization has 2 items/);
  });
});
