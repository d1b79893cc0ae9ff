import assert from 'node:assert/strict';
import { withJudges } from '../../../annotators';
import type { Judge, Task } from '../../../contracts/task';
import { type PlannedStage } from '../../../contracts/stage';
import { planStage, type StageContext, stageKinds } from '../../../stages';
import { wrongGrades } from '../../support/cases/grades';
import { coinTask } from '../../support/coin-task';
import { codeOfOwn, createBench, resolveSmall } from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';

const { freezeReference, synthesizeData, evaluate } = stageKinds;

describe('graders that return no score, in stages', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let context: StageContext;
  let reference: PlannedStage<'model'>;
  before(async () => {
    context = { resolved: await resolveSmall(await makeTinyModel(folder.at('model'))), seed: 0 };
    reference = planStage(freezeReference, context, { adapter: null });
  });
  const benchOf = (task: Task) => createBench(folder.at('home'), { deps: { tasks: [task] } });

  it('end evaluations, pairs and correct samples with task, item and value', async () => {
    await benchOf(coinTask).run(reference);
    const stages = [
      planStage(evaluate, context, { reference }),
      planStage(synthesizeData, context, { rows: 2, reference }),
      planStage(synthesizeData, context, { rows: 2, reference, what: 'rejection-samples' }),
    ];
    for (const stage of stages)
      for (const { result, reported } of wrongGrades(3)) {
        const bench = benchOf({ ...coinTask, score: () => result as never });
        const { type, message, nonRetryable } = await bench.fail(stage);
        assert.deepEqual([type, nonRetryable], ['TASK_FAULTY', true], message);
        assert.match(message, reported);
        assert.match(
          message,
          /^The verifier of task coin returns .* for the answer .* to (?:pool|test)-\d+\. /,
        );
      }
  });

  it('keep a worker busy for one answer at a time: others go on, and a stop is kept', async () => {
    let graded = 0;
    const score: Task['score'] = (...answer) => {
      const endMs = performance.now() + 120;
      while (performance.now() < endMs);
      graded += 1;
      return coinTask.score(...answer);
    };
    for (const stage of [
      planStage(evaluate, { ...context, seed: 7 }, { reference }),
      planStage(synthesizeData, { ...context, seed: 7 }, { rows: 8, reference }),
    ]) {
      const stopping = new AbortController();
      const slow = createBench(folder.at('home'), {
        deps: { tasks: [{ ...coinTask, score }], stopping: stopping.signal },
      });
      graded = 0;
      let beats = 0;
      const timer = setInterval(() => (beats += 1), 10);
      const failing = slow.fail(stage);
      while (graded < 6) await new Promise((done) => setTimeout(done, 5));
      assert.ok(beats >= 4, `${beats} turns for others while ${graded} answers were graded`);
      stopping.abort();
      const { type } = await failing;
      clearInterval(timer);
      assert.equal(type, 'WORKER_STOPPING');
      assert.ok(graded < 9, `${graded} answers were graded`);
    }
  });

  it('end an evaluation where a metric over all items is not a number', async () => {
    const stage = planStage(evaluate, context, { reference });
    for (const value of [NaN, Infinity, 'high', undefined]) {
      const bench = benchOf({ ...coinTask, summarize: () => ({ spread: value as number }) });
      const { type, message } = await bench.fail(stage);
      assert.equal(type, 'TASK_FAULTY');
      assert.match(message, /^"summarize" of task coin returns .* as the metric spread for 20 items\. /);
      assert.ok(message.includes(String(value)), message);
    }
  });

  it('end an evaluation whose judge returns something other than texts', async () => {
    for (const value of [1, NaN, null, undefined, { winner: 'A' }]) {
      const judge: Judge = {
        name: 'odd',
        description: 'Returns no verdict.',
        compareBatch: (comparisons) => Promise.resolve(comparisons.map(() => value as unknown as string)),
      };
      const compared: Task = {
        ...coinTask,
        comparison: ({ prompt, target }, answer) => ({ prompt, answer, reference: target }),
      };
      const task = withJudges(compared, judge);
      const { code } = await codeOfOwn({ judge: task.judges?.at(-1) });
      const { resolved } = context;
      const evaluation = { ...resolved.definition.evaluation, judge: 'odd' };
      const judged = { ...resolved, code, definition: { ...resolved.definition, evaluation } };
      const stage = planStage(evaluate, { resolved: judged, seed: 0 }, { reference });
      const { type, message } = await benchOf(task).fail(stage);
      assert.equal(type, 'ANNOTATOR_FAULTY');
      assert.match(message, /^odd returned .* instead of a text for test-\d+\.$/);
    }
  });
});
