import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { planStage, stageKinds } from '../../../stages';
import { checkpointAnnotator, checkpointJudge, withAnnotators, withJudges } from '../../../annotators';
import { BudgetlineError } from '../../../core/failures';
import type { Annotator, Task } from '../../../contracts/task';
import { planBase } from '../../../planning';
import { loadModelFolder } from '../../../trainer/io/model-folder';
import { coinTask } from '../../support/coin-task';
import { codeOfOwn, createBench, identified, resolveSmall } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';
import { ggufSettings, ggufTensors } from '../../support/trainer/gguf-model';
import { encodeGguf } from '../../support/trainer/gguf-writer';

// Demonstrations do not use the model; any folder will do.
const model = join(__dirname, '../../../models/tiny-math');

describe('annotators that work on batches', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();

  it('share a folder across stages and attempts, and wait without using the retry budget', async () => {
    const folders: string[] = [];
    let ready = false;
    const slow: Annotator = {
      name: 'slow',
      description: 'Is not ready at first.',
      demonstrate: () => '',
      annotateBatch(problems, session) {
        folders.push(session.folder);
        if (!ready) return Promise.reject(new BudgetlineError('ANNOTATION_PENDING', 'Not yet.'));
        session.spent({ inputTokens: 5, outputTokens: 2, usd: 0.25 });
        return Promise.resolve(problems.map(({ id }) => ` wrote ${id}`));
      },
    };
    const task = withAnnotators(coinTask, slow);
    const code = await codeOfOwn({ annotator: task.annotators.at(-1) });
    const resolved = { ...(await resolveSmall(model, { annotator: 'slow' })), ...code };
    const bench = createBench(folder.at('home'), { deps: { tasks: [task] } });
    const stage = planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows: 6 });
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const failure = await bench.fail(stage, { attempt });
      assert.deepEqual([failure.type, failure.nonRetryable], ['ANNOTATION_PENDING', false]);
    }
    ready = true;
    const { metrics } = await bench.run(stage, { attempt: 5 });
    assert.deepEqual([metrics['rows'], metrics['annotatorCalls'], metrics['annotatorUsd']], [6, 1, 0.25]);
    await bench.run(planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows: 9 }));
    assert.equal(new Set(folders).size, 1, 'a larger budget finds the answers of a smaller one');
    const { dir } = await bench.store.verify({ kind: 'synthesizeData', key: stage.key });
    const rows = readFileSync(join(dir, 'demonstrations.jsonl'), 'utf8').trimEnd().split('\n');
    for (const row of rows.map((line) => JSON.parse(line) as { id: string; completion: string }))
      assert.equal(row.completion, ` wrote ${row.id}`);
  });

  it('an empty completion is rejected', async () => {
    const mute: Annotator = {
      name: 'mute',
      description: 'Says nothing.',
      demonstrate: () => '',
      annotateBatch: (problems) => Promise.resolve(problems.map((_, index) => (index === 2 ? ' ' : 'x'))),
    };
    const task = withAnnotators(coinTask, mute);
    const code = await codeOfOwn({ annotator: task.annotators.at(-1) });
    const resolved = { ...(await resolveSmall(model, { annotator: 'mute' })), ...code };
    const bench = createBench(folder.at('home'), { deps: { tasks: [task] } });
    const failure = await bench.fail(
      planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows: 4 }),
    );
    assert.equal(failure.type, 'DATA_INVALID');
    assert.match(failure.message, /wrote nothing for problem pool-/);
  });
});

describe('a local checkpoint that gives empty answers', () => {
  const folder = temporaryFolder();

  it('names the problem, keeps the other answers, and is asked again for the missing one', async () => {
    const writer = checkpointAnnotator({ name: 'local', description: 'A model.', model, maxNewTokens: 8 });
    const problems = ['a', 'b', 'c', 'b'].map((prompt, index) => ({ id: `p${index}`, prompt, target: '' }));
    const asked: string[][] = [];
    const reports: string[] = [];
    const ask = (answerToB: string) =>
      writer.annotateBatch!(problems, {
        folder: folder.at('local'),
        report: (done: number, of: number) => void reports.push(`${done}/${of}`),
        generate({ prompts }: { prompts: readonly string[] }) {
          asked.push([...prompts]);
          return Promise.resolve(prompts.map((prompt) => (prompt === 'b' ? answerToB : `to ${prompt}`)));
        },
      } as never);
    for (const empty of ['', ' \n'])
      await assert.rejects(
        Promise.resolve(ask(empty)),
        (error: unknown) =>
          error instanceof BudgetlineError &&
          error.code === 'ANNOTATOR_INVALID' &&
          /empty answer to 2 of 4 problems, first to p1/.test(error.message),
      );
    assert.deepEqual(await ask('to b'), ['to a', 'to b', 'to c', 'to b']);
    assert.deepEqual(asked, [['a', 'b', 'c'], ['b'], ['b']]);
    assert.deepEqual(reports, ['2/4', '2/4', '4/4']);
  });
});

describe('a local checkpoint that writes and judges', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const local = { description: 'The base model itself.', model, maxNewTokens: 6 };
  const writer = checkpointAnnotator({ ...local, name: 'local', render: (answer) => ` ${answer}.` });
  const compared: Task = {
    ...coinTask,
    comparison: ({ prompt, target }, answer) => ({ prompt, answer, reference: target }),
  };

  /** The same model as one GGUF file, with its tokenizer next to it. */
  function writeGguf(path: string): string {
    const { settings, weights } = loadModelFolder(model);
    const { config, maxPositions } = settings;
    const metadata = ggufSettings('llama', config, maxPositions ?? 0);
    writeFileSync(path, encodeGguf(metadata, ggufTensors('llama', { config, weights })));
    for (const name of ['tokenizer.json', 'tokenizer_config.json'])
      copyFileSync(join(model, name), join(dirname(path), name));
    return path;
  }

  it('run through the training executable, each row once, and their identity is in the keys', async () => {
    const asGguf = { ...local, model: writeGguf(folder.at('model.gguf')) };
    const judge = checkpointJudge({ ...asGguf, name: 'local-judge' });
    const task = withJudges(withAnnotators(compared, writer), judge);
    const evaluation = { items: 4, maxNewTokens: 6, judge: 'local-judge' };
    const resolved = {
      ...(await resolveSmall(model, { annotator: 'local', evaluation })),
      annotator: await identified(writer),
      judge: await identified(judge),
      ...(await codeOfOwn({ annotator: writer, judge })),
    };
    assert.equal(resolved.annotator.model, resolved.model.digest, 'a checkpoint is identified by its bytes');
    const bench = createBench(folder.at('home'), { deps: { tasks: [task] } });
    const [few, more] = [4, 6].map((rows) =>
      planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows }),
    );
    assert.equal(few!.queue, 'gpu');
    await bench.run(few!);
    const { dir } = await bench.store.verify({ kind: 'synthesizeData', key: few!.key });
    const first = readFileSync(join(dir, 'demonstrations.jsonl'), 'utf8');
    await bench.run(more!);
    const later = await bench.store.verify({ kind: 'synthesizeData', key: more!.key });
    assert.ok(readFileSync(join(later.dir, 'demonstrations.jsonl'), 'utf8').startsWith(first));
    const annotations = join(bench.store.name, 'store', 'annotations');
    const [own] = readdirSync(annotations);
    const journal = readFileSync(join(annotations, own!, 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    assert.equal(journal.length, 6, 'the larger stage generated two rows');

    const base = await planBase(resolved);
    await bench.run(base.stages[0]!);
    const { metrics, scores } = await bench.run(base.evaluation!);
    assert.deepEqual([metrics['score'], scores?.['unparseable']], [0, 1], 'what cannot be read is a loss');
  });
});
