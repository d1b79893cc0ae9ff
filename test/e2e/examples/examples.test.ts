import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkEvaluations } from '../../../audit/verify/evaluations';
import { Subject } from '../../../audit/verify/subject';
import { readStatus } from '../../../client';
import { resolveDefinition } from '../../../definitions';
import type { SweepDefinition } from '../../../schemas/definition';
import type { AuxiliarySummary } from '../../../contracts/results';
import firstSweep from '../../../examples/first-sweep';
import gsm8k from '../../../examples/gsm8k';
import * as own from '../../../examples/own-task';
import ownAnnotations from '../../../examples/own-annotations';
import { planGrid } from '../../../planning';
import { defineSweep } from '../../../definitions';
import { createFolderStore } from '../../../store';
import { builtInTasks } from '../../../workers';
import { runSweep, withWorkers } from '../../support/sweep-bench';
import { noFiles } from '../../support/records';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';

const examples = join(__dirname, '../../../examples');

const plan = async (definition: SweepDefinition) =>
  await planGrid(await resolveDefinition(definition, { tasks: builtInTasks }));

describe('examples/first-sweep.ts', () => {
  it('is a complete experiment in fifteen lines', () => {
    const lines = readFileSync(join(examples, 'first-sweep.ts'), 'utf8').trimEnd().split('\n');
    assert.ok(lines.length <= 15, `${lines.length} lines`);
  });

  it('has the baseline, the cold-start probe and the hybrid at each budget', async () => {
    const { cells } = await plan(firstSweep);
    assert.equal(firstSweep.budgets.length, 3);
    for (const budget of firstSweep.budgets) {
      const fractions = cells
        .filter(({ cell }) => cell.budget === budget)
        .map(({ cell }) => cell.sftFraction);
      assert.deepEqual(
        fractions.sort((a, b) => b - a),
        [1, 0.75, 0.5, 0.25, 0.1, 0],
      );
    }
  });
});

describe('examples/own-task.ts', () => {
  it('has a task whose reference answers are correct', async () => {
    const [task] = own.tasks;
    const resolved = await resolveDefinition(own.default, { tasks: own.tasks });
    assert.equal(resolved.poolRows, 128);
    const { test } = await task!.load(own.default.data, noFiles);
    const { score, wellFormed } = task!.score(test[0]!, task!.gold(test[0]!), 'stop');
    assert.deepEqual([score, wellFormed], [1, true]);
  });
});

describe('examples/gsm8k.ts', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  it('runs real questions and answers through every stage, and counts the rows that it drops', async () => {
    const { evaluation, pairs } = gsm8k;
    const small = defineSweep({
      ...gsm8k,
      budgets: [4],
      sftFractions: [0.5],
      pairs: { ...pairs, maxNewTokens: 16 },
      evaluation: {
        items: 3,
        maxNewTokens: 16,
        auxiliary: evaluation.auxiliary!.map((other) => ({ ...other, items: 4, maxNewTokens: 16 })),
      },
      controls: [],
    });
    const resolved = await resolveDefinition(small, { tasks: builtInTasks });
    const { result, status } = await withWorkers(folder.path(), async (client) => ({
      ...(await runSweep(client, resolved)),
      status: await readStatus(client, (await planGrid(resolved)).sweepId),
    }));
    assert.deepEqual(result.failedCells, []);
    const [cell] = result.cells;
    assert.equal(cell?.evaluation.items, 3);
    const store = createFolderStore(folder.path());
    for (const { key, auxiliary = [] } of [result.base!, cell.evaluation]) {
      const [{ name, items, score, scoreLow, scoreHigh, scores }] = auxiliary as [AuxiliarySummary];
      assert.deepEqual([auxiliary.length, name, items], [1, 'ifeval', 4]);
      assert.ok(scoreLow <= score && score <= scoreHigh && scoreLow < scoreHigh);
      assert.ok('promptStrict' in scores && 'instructionLoose' in scores);
      const lines = await store.chain({ stage: key }).read();
      const recorded = lines.flatMap((line) => (line.type === 'attempt-ended' ? (line.scores ?? []) : []));
      assert.deepEqual(recorded[1], { auxiliary: 'ifeval', items, score, low: scoreLow, high: scoreHigh });
    }
    const { progress } = status;
    assert.ok(progress?.of === 'sweep');
    assert.equal(progress.sweep.cells[0]?.auxiliary?.[0]?.score, cell.evaluation.auxiliary?.[0]?.score);
    assert.equal(progress.sweep.baseAuxiliary?.[0]?.name, 'ifeval');
    const checked = await checkEvaluations(
      new Subject({ store, home: folder.path(), experimentId: result.sweepId }),
    );
    assert.deepEqual(checked, { checked: '2 evaluations', findings: [] });
    assert.ok(cell.evaluation.score <= 1 / 3, 'a million parameters solve no such problem');
    assert.ok('strict' in cell.evaluation.scores && 'flexible' in cell.evaluation.scores);
    const metricsOf = (kind: string) => cell.stages.find((stage) => stage.kind === kind)?.metrics ?? {};
    assert.equal(metricsOf('trainSft')['overlengthRows'], 0);
    assert.ok((metricsOf('trainPreference')['steps'] ?? 0) > 0);
    await assertRealText(folder.path(), cell.stages[0]?.key ?? '');
  });
});

describe('examples/own-annotations.ts', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  it('runs user rows through every stage, with the task’s prompts and the rows’ provenance', async () => {
    const small = defineSweep({
      ...ownAnnotations,
      budgets: [8],
      sftFractions: [0.5],
      evaluation: { ...ownAnnotations.evaluation, items: 3, maxNewTokens: 16 },
      controls: [],
    });
    const resolved = await resolveDefinition(small, { tasks: builtInTasks });
    const { result } = await withWorkers(folder.path(), (client) => runSweep(client, resolved));
    assert.deepEqual(result.failedCells, []);
    const titles = result.cells[0]?.stages.map(({ title }) => title) ?? [];
    assert.deepEqual(titles.slice(0, 2), ['4 demonstrations of a file', 'SFT on 4 demonstrations']);
    assert.ok(titles.includes('DPO on 4 pairs'));
    const pairs = result.cells[0]?.stages.find(({ title }) => title === '4 preferences of a file');
    assert.deepEqual([pairs?.metrics['usable'], pairs?.metrics['checked']], [96, 96]);
    const id = { kind: 'synthesizeData', key: pairs?.key ?? '' };
    const { dir, manifest } = await createFolderStore(folder.path()).verify(id);
    assert.match(
      readFileSync(join(dir, 'pairs.jsonl'), 'utf8'),
      /^\{"id":"comparisons.jsonl-\d+","prompt":"Q: /,
    );
    assert.equal(manifest.croissant?.['license'], 'Apache-2.0');
  });
});

/** Demonstrations have the steps and the answer of the file, without its calculator marks. */
async function assertRealText(home: string, key: string): Promise<void> {
  const { dir } = await createFolderStore(home).verify({ kind: 'synthesizeData', key });
  const [first = ''] = readFileSync(join(dir, 'demonstrations.jsonl'), 'utf8').split('\n');
  const { completion } = JSON.parse(first) as { completion: string };
  assert.match(completion, /Step 1: /);
  assert.match(completion, /#### -?\d+/);
  assert.ok(!completion.includes('<<'));
}

describe('examples/run-own-workflow.ts', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryHome();

  it('runs stages in a workflow of its own, which waits for a signal', async () => {
    const args = ['-r', 'ts-node/register/transpile-only', join(examples, 'run-own-workflow.ts'), '8', '6'];
    const env = { ...process.env, BUDGETLINE_HOME: folder.path() };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    const scores = JSON.parse(stdout) as Record<string, number>;
    assert.deepEqual(Object.keys(scores), ['warmStart', 'tuned']);
    for (const score of Object.values(scores)) assert.ok(score >= 0 && score <= 1);
  });
});

describe('examples/run-sweep.ts', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryHome();

  it('runs a sweep in fifteen lines, and prints the best splits and the path of the report', async () => {
    const file = join(examples, 'run-sweep.ts');
    const text = readFileSync(file, 'utf8');
    assert.ok(text.trimEnd().split('\n').length <= 15);
    assert.ok(readFileSync(join(examples, '../README.md'), 'utf8').includes(text), 'the README has it whole');
    const env = { ...process.env, BUDGETLINE_HOME: folder.path() };
    const args = ['-r', 'ts-node/register/transpile-only', file];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    assert.match(stdout, /^16 rows: best SFT fraction [\d.]+, accuracy 0\.\d+\n32 rows: .*\nReport: /);
    assert.ok(existsSync(/^Report: (.*)$/m.exec(stdout)?.[1] ?? ''));
    // Temporal's runtime writes its lines into the home and not to the program's output.
    assert.ok(existsSync(folder.at('logs/embedded-workers.log')));
  });
});
