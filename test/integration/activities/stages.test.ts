import { createHash } from 'node:crypto';
import { strict as assert } from 'node:assert';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { MockActivityEnvironment } from '@temporalio/testing';
import { planStage, stageKinds } from '../../../stages';
import type { ResolvedExperiment } from '../../../contracts/resolved';
import { BudgetlineError } from '../../../core/failures';
import { demonstrationRow, itemResult, preferenceRow } from '../../../schemas/rows';
import type { PlannedStage, StageResult } from '../../../contracts/stage';
import type { StageProgress } from '../../../contracts/activities';
import { assertNoLeak } from '../../../activities/evaluate/few-shot';
import { readJsonLines } from '../../../activities/json-lines';
import { withJudges } from '../../../annotators';
import { readCode } from '../../../code';
import type { Judge, Task } from '../../../contracts/task';
import { scratchFolder } from '../../../host/home';
import { digestFile } from '../../../store';
import { folderLayout } from '../../../store/folder';
import { instructionFollowing, summarization } from '../../../tasks';
import { coinTask } from '../../support/coin-task';
import { planCell } from '../../../planning';
import {
  changePairs,
  createBench,
  prices,
  resolveSmall,
  stageOf,
  type StageBench,
} from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';

const metricLine = z.object({ values: z.record(z.string(), z.number()) });

describe('stages with the training executable', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let resolved: ResolvedExperiment;
  let stages: readonly PlannedStage[];
  let bench: StageBench;
  let results: StageResult[];

  let judged: Task;
  before(async () => {
    resolved = await resolveSmall(await makeTinyModel(folder.at('model')));
    stages = (await planCell(resolved)).stages;
    const first: Judge = {
      name: 'first',
      description: 'Prefers what it is shown first.',
      compareBatch: (comparisons) => Promise.resolve(comparisons.map(() => '[[A]]')),
    };
    judged = withJudges(summarization, first);
    const tasks = [coinTask, instructionFollowing, judged];
    bench = createBench(folder.at('home'), { deps: { tasks } });
    results = [];
    for (const stage of stages) results.push(await bench.run(stage));
  });

  const summaryIn = async (dir: string): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(join(dir, 'summary.json'), 'utf8')) as Record<string, unknown>;

  const artifactOf = async (stage: PlannedStage): Promise<string> =>
    (await bench.store.verify({ kind: stage.kind, key: stage.key })).dir;

  it('run a cell from demonstrations to its evaluation, with one trainer each or none', async () => {
    assert.deepEqual(
      results.map(({ kind, cached }) => `${kind} ${cached}`),
      ['synthesizeData', 'trainSft', 'freezeReference', 'synthesizeData', 'trainPreference', 'evaluate'].map(
        (kind) => `${kind} false`,
      ),
    );
    assert.equal(await bench.trainers(stages.slice(0, 1)), 0);
    for (const kind of ['trainSft', 'freezeReference', 'trainPreference', 'evaluate'] as const)
      assert.equal(await bench.trainers([stageOf(stages, kind)]), 1);
    assert.equal(stageOf(stages, 'trainSft').title, 'SFT on 16 demonstrations');
  });

  it('write manifests whose inputs are the digests of the artifacts that were used', async () => {
    const [, sft, reference, pairs, preference] = results;
    const { manifest } = await bench.store.verify({
      kind: 'trainPreference',
      key: preference?.key ?? '',
    });
    assert.deepEqual(manifest.inputDigests, { reference: reference?.digest, data: pairs?.digest });
    assert.deepEqual(manifest.inputs, { reference: reference?.key, data: pairs?.key });
    assert.deepEqual(manifest.made.microBatches, [{ fromStep: 0, rows: 8 }]);
    assert.match(manifest.made.trainer, /^budgetline-trainer .*onnxruntime/);
    assert.equal(sft?.metrics['rows'], 16);
    assert.equal(sft.metrics['steps'], 4);
  });

  it('score the reference answers of validation problems before training and after each epoch', async () => {
    for (const [kind, name, epochs] of [
      ['trainSft', 'eval_loss', 2],
      ['trainPreference', 'eval_nll_loss', 1],
    ] as const) {
      const stage = stageOf(stages, kind);
      const lines = await readJsonLines(join(await artifactOf(stage), 'metrics.jsonl'), metricLine);
      const losses = lines.flatMap(({ values }) => values[name] ?? []);
      assert.equal(losses.length, epochs + 1);
      const { metrics } = results.find(({ key }) => key === stage.key)!;
      const { heldOutRows, heldOutLossStart, heldOutLoss } = metrics;
      assert.deepEqual([heldOutRows, heldOutLossStart, heldOutLoss], [4, losses[0], losses.at(-1)]);
      if (kind === 'trainSft') assert.ok(heldOutLoss! < heldOutLossStart!);
    }
  });

  it('score only validation problems that have a reference answer', async () => {
    const partly: Task = {
      ...coinTask,
      gold(problem) {
        if (problem.id !== 'validation-1') return coinTask.gold(problem);
        throw new BudgetlineError('DATA_INVALID', 'It has no reference answer.');
      },
    };
    const other = createBench(folder.at('partly'), { deps: { tasks: [partly] } });
    for (const stage of stages.slice(0, 1)) await other.run(stage);
    const { metrics } = await other.run(stageOf(stages, 'trainSft'));
    assert.equal(metrics['heldOutRows'], 3);
  });

  it('run once: the second time they are cached, cost nothing and start no trainer', async () => {
    const before = await bench.trainers(stages);
    const again = await Promise.all(stages.map((stage) => bench.run(stage, { runId: 'another run' })));
    for (const [index, result] of again.entries()) {
      assert.equal(result.cached, true);
      assert.equal(result.digest, results[index]?.digest);
      assert.equal(result.ledgerHead, results[index]?.ledgerHead);
      assert.deepEqual(new Set(Object.values(result.cost)), new Set([0]));
    }
    assert.equal(await bench.trainers(stages), before);
  });

  it('make the pairs that the samples yield, in the order of the prompts, and count their cost', async () => {
    const stage = stageOf(stages, 'synthesizeData', 1);
    const dir = await artifactOf(stage);
    const pairs = await readJsonLines(join(dir, 'pairs.jsonl'), preferenceRow);
    assert.equal(pairs.length, 16);
    for (const { chosen, rejected } of pairs) {
      assert.equal(chosen.length % 2, 0);
      assert.equal(rejected.length % 2, 1);
    }
    const stats = JSON.parse(await readFile(join(dir, 'stats.json'), 'utf8')) as Record<string, number> & {
      skipped: Record<string, number>;
    };
    const skipped = Object.values(stats.skipped).reduce((sum, count) => sum + count, 0);
    assert.equal(stats['promptsScanned'], 16 + skipped);
    assert.equal(stats['verifierCalls'], 3 * (16 + skipped));
    const ended = (await bench.ledger(stage)).find((line) => line.type === 'attempt-ended');
    assert.equal(ended?.verifierCalls, stats['verifierCalls']);
    assert.equal(ended.usd, 16 * prices.preferencePair + ended.verifierCalls * prices.verifierCall);
  });

  it('nest: fewer pairs of a reference are the first of more, however the rounds are split', async () => {
    const stage = stageOf(stages, 'synthesizeData', 1);
    const fewer = changePairs(stages, 'f', { rows: 3 });
    await bench.run(fewer);
    const all = await readJsonLines(join(await artifactOf(stage), 'pairs.jsonl'), preferenceRow);
    const few = await readJsonLines(join(await artifactOf(fewer), 'pairs.jsonl'), preferenceRow);
    assert.deepEqual(few, all.slice(0, 3));
  });

  it('evaluate and record metric, decoding, judge and an interval', async () => {
    const stage = stageOf(stages, 'evaluate');
    const { metrics } = results.at(-1)!;
    const reported = await summaryIn(await artifactOf(stage));
    assert.deepEqual([reported['metric'], reported['judge']], ['accuracy', null]);
    const decoding = reported['decoding'] as Record<string, unknown>;
    assert.deepEqual([decoding['mode'], decoding['maxNewTokens'], decoding['fewShot']], ['greedy', 12, 0]);
    assert.ok(Number(decoding['maxPromptTokens']) > 0);
    const [low, score, high] = ['scoreLow', 'score', 'scoreHigh'].map((name) => metrics[name] ?? -1);
    assert.ok(
      0 <= low! && low! <= score! && score! <= high! && high! <= 1 && low! < high!,
      `${low} ${score} ${high}`,
    );
  });

  it('evaluate auxiliary tasks, synthetic or from files, each with its own judge and an interval', async () => {
    const documents = ['The cat sat on the mat. It slept.', 'Rain fell. The road was wet.'];
    const summaries = documents.map((document) => ({ document, summary: 'It slept.' }));
    await writeFile(
      folder.at('summaries.jsonl'),
      summaries.map((each) => `${JSON.stringify(each)}\n`).join(''),
    );
    const files = {
      ifeval: join(__dirname, '../../../examples/data/ifeval/prompts.jsonl'),
      short: folder.at('summaries.jsonl'),
    };
    const data = async (name: keyof typeof files) =>
      ({ source: 'files', test: await digestFile(files[name]) }) as const;
    const auxiliary = [
      { task: 'coin', items: 6, maxNewTokens: 5, seed: 0 },
      {
        task: 'instruction-following',
        name: 'ifeval',
        items: 4,
        maxNewTokens: 5,
        data: await data('ifeval'),
      },
      {
        task: 'summarization',
        name: 'short',
        items: 2,
        maxNewTokens: 5,
        judge: 'first',
        code: { judge: (await readCode(judged.judges?.at(-1)?.code))!.identity },
        data: await data('short'),
      },
    ];
    const stage = stageOf(stages, 'evaluate');
    const changed = { ...stage.spec, evaluation: { ...stage.spec.evaluation, auxiliary } };
    const named = Object.entries(files).map(
      ([name, path]) => [`evaluation.auxiliary.${name}.test`, path] as const,
    );
    const key = 'b'.repeat(64);
    const result = await bench.run({
      ...stage,
      key,
      spec: changed,
      files: Object.fromEntries(named),
    });
    const { dir, manifest } = await bench.store.verify({ kind: 'evaluate', key });
    assert.equal(
      result.metrics['score'],
      results.at(-1)?.metrics['score'],
      'the task that is tuned for is as it was',
    );
    for (const { task, name = task, items } of auxiliary) {
      const rows = await readJsonLines(join(dir, 'auxiliary', name, 'items.jsonl'), itemResult);
      const mean = rows.reduce((sum, { score }) => sum + score, 0) / rows.length;
      const [low, score, high] = ['scoreLow', 'score', 'scoreHigh'].map(
        (metric) => result.auxiliary?.find((found) => found.name === name)?.metrics[metric] ?? -1,
      );
      assert.deepEqual([rows.length, score], [items, mean], name);
      assert.ok(0 <= low! && low! <= score! && score! <= high! && high! <= 1 && low! < high!, name);
    }
    assert.deepEqual(manifest.auxiliary, result.auxiliary);
    assert.equal(result.metric, 'accuracy');
    assert.deepEqual(
      result.auxiliary?.map(({ metric }) => metric),
      ['accuracy', 'instructions kept', 'win rate'],
    );
    assert.ok('promptLoose' in (result.auxiliary.find(({ name }) => name === 'ifeval')?.scores ?? {}));
    const [ifeval, short] = [
      await summaryIn(join(dir, 'auxiliary/ifeval')),
      await summaryIn(join(dir, 'auxiliary/short')),
    ];
    assert.deepEqual([ifeval['metric'], ifeval['judge']], ['instructions kept', null]);
    // A judge that always prefers what it is shown first has every comparison end in a tie.
    assert.deepEqual([short['judge'], short['score'], result.cost.verifierCalls], ['first', 0.5, 4]);
  });

  it('evaluate item by item; the metrics are the items’ means', async () => {
    const stage = stageOf(stages, 'evaluate');
    const items = await readJsonLines(join(await artifactOf(stage), 'items.jsonl'), itemResult);
    const { metrics = {}, scores = {} } = results.at(-1) ?? {};
    const mean = (pick: (item: (typeof items)[number]) => number): number =>
      items.reduce((sum, item) => sum + pick(item), 0) / items.length;
    assert.equal(items.length, 20);
    assert.equal(metrics['items'], 20);
    assert.equal(
      metrics['score'],
      mean(({ score }) => score),
    );
    assert.equal(
      scores['short'],
      mean(({ scores }) => scores['short'] ?? 0),
    );
    assert.equal(
      metrics['noEosRate'],
      mean(({ finish }) => (finish === 'length' ? 1 : 0)),
    );
    assert.deepEqual(
      items.map(({ id }) => id),
      Array.from({ length: 20 }, (_, index) => `test-${index}`),
    );
  });

  it('take correct samples of the same prompts as pairs, at the price of the verifier calls', async () => {
    const reference = stageOf(stages, 'freezeReference');
    const stage = planStage(
      stageKinds.synthesizeData,
      { resolved, seed: 0 },
      { reference, rows: 5, what: 'rejection-samples' },
    );
    const { metrics } = await bench.run(stage);
    const rows = await readJsonLines(join(await artifactOf(stage), 'demonstrations.jsonl'), demonstrationRow);
    assert.equal(rows.length, 5);
    assert.ok(rows.every(({ completion }) => completion.length % 2 === 0));
    const ended = (await bench.ledger(stage)).find((line) => line.type === 'attempt-ended');
    assert.equal(ended?.usd, (metrics['verifierCalls'] ?? 0) * prices.verifierCall);
  });

  it('put demonstrations of the pool before every question if asked to', async () => {
    const context = { resolved, seed: 0 };
    const fewShot = planStage(stageKinds.synthesizeData, context, { rows: 2 });
    const reference = stageOf(stages, 'freezeReference');
    const stage = planStage(stageKinds.evaluate, context, { reference, fewShot });
    await bench.run(fewShot);
    await bench.run(stage);
    const dir = await artifactOf(stage);
    const items = await readJsonLines(join(dir, 'items.jsonl'), itemResult);
    const shown = await readJsonLines(
      join(await artifactOf(fewShot), 'demonstrations.jsonl'),
      demonstrationRow,
    );
    assert.ok(items.every(({ prompt }) => shown.every((row) => row.prompt !== prompt)));
    const { inputDigests, metrics } = (await bench.store.verify({ kind: 'evaluate', key: stage.key }))
      .manifest;
    assert.deepEqual(Object.keys(inputDigests).sort(), ['data', 'reference']);
    assert.equal(metrics['items'], 20);
    const [leaked] = items;
    assert.throws(() => assertNoLeak([{ ...shown[0]!, prompt: leaked!.prompt.toUpperCase() }], items), {
      code: 'DATA_INVALID',
    });
  });

  it('count prompts that are truncated for generation', async () => {
    const context = { resolved, seed: 0 };
    const fewShot = planStage(stageKinds.synthesizeData, context, { rows: 12 });
    const reference = stageOf(stages, 'freezeReference');
    await bench.run(fewShot);
    const { metrics } = await bench.run(planStage(stageKinds.evaluate, context, { reference, fewShot }));
    assert.equal(metrics['truncatedPrompts'], metrics['items']);
  });

  it('record each attempt in the ledger, with the trainer’s digest and the cost', async () => {
    const stage = stageOf(stages, 'trainSft');
    const lines = await bench.ledger(stage);
    const [started, ended] = [lines[0], lines.at(-1)];
    assert.ok(started?.type === 'attempt-started' && ended?.type === 'attempt-ended');
    const checkpoints = lines.flatMap((line) => (line.type === 'attempt-checkpoint' ? [line] : []));
    assert.deepEqual(
      checkpoints.map(({ step, fence }) => [step, fence]),
      [[2, started.fence]],
      'a line for each checkpoint',
    );
    const worker = started.worker;
    assert.ok(worker);
    assert.match(worker.lockfileDigest ?? '', /^[0-9a-f]{64}$/);
    assert.match(worker.buildDigest ?? '', /^[0-9a-f]{64}$/);
    assert.match(worker.platform, /node v\d/);
    assert.equal(ended.jobs?.length, 1);
    assert.deepEqual(Object.keys(ended.inputDigests ?? {}).sort(), ['base', 'data']);
    const manifest = await readFile(join(await artifactOf(stage), 'manifest.json'));
    assert.equal(ended.manifestDigest, createHash('sha256').update(manifest).digest('hex'));
    assert.equal(ended.usd, 0);
    assert.match(started.codeDigest, /^[0-9a-f]{64}$/);
    assert.equal(started.fence, ended.fence);
    assert.equal(ended.artifact, results[1]?.digest);
    assert.deepEqual(ended.exitCodes, [0]);
    assert.ok(ended.tokens > 0 && ended.deviceMs > 0);
    assert.ok((ended.cpuMs ?? 0) > 0 && (ended.peakMemoryBytes ?? 0) > 1e6);
  });

  it('keep the warnings of their trainer, in the ledger and in every later result', async () => {
    const { spec, ...sft } = stageOf(stages, 'trainSft');
    const training = { ...spec.training, epochs: 1, maxLength: 1_000_000 };
    const stage = { ...sft, key: 'e'.repeat(64), spec: { ...spec, training } };
    const { warnings } = await bench.run(stage);
    assert.deepEqual(
      warnings?.map(({ code }) => code),
      ['BEYOND_CONTEXT'],
    );
    const lines = await bench.ledger(stage);
    const recorded = lines.flatMap((line) => (line.type === 'attempt-warning' ? [line.message] : []));
    assert.deepEqual(
      recorded,
      warnings.map(({ message }) => message),
    );
    const { manifest } = await bench.store.verify({ kind: stage.kind, key: stage.key });
    assert.deepEqual(manifest.made.warnings, warnings);
    assert.deepEqual((await bench.run(stage, { runId: 'another run' })).warnings, warnings);
    assert.equal(results[1]?.warnings, undefined, 'without warnings the field is left out');
  });

  it('send a small progress record with their heartbeats', async () => {
    const beats: StageProgress[] = [];
    const other = createBench(folder.at('beats'), {});
    const watch = (environment: NodeJS.EventEmitter): void =>
      void environment.on('heartbeat', (progress: StageProgress) => beats.push(progress));
    await other.run(stages[0]!, { watch });
    assert.equal(beats[0]?.kind, 'synthesizeData');
    assert.ok(JSON.stringify(beats[0]).length < 1024);
  });

  it('continue after finished rounds of pairs when they were stopped', async () => {
    const other = createBench(folder.at('rounds'), {});
    for (const stage of stages.slice(0, 3)) await other.run(stage);
    // Two samples disagree on half of the prompts, so the first round of 1.5 prompts per pair is not
    // enough.
    const pairs = changePairs(stages, '9', {
      rows: 48,
      pairs: {
        chosen: 'best-sample',
        threshold: 0.5,
        minMargin: 0.1,
        candidates: 2,
        temperature: 1,
        maxNewTokens: 12,
      },
    });
    const path = join(scratchFolder(other.store.name, pairs.key), 'events.jsonl');
    const reported = async (event: string): Promise<number> =>
      (await readFile(path, 'utf8').catch(() => '')).split(`{"event":"${event}"`).length - 1;
    let environment: MockActivityEnvironment | undefined;
    const stopped = other.fail(pairs, { watch: (created) => (environment = created) });
    while ((await reported('result')) === 0) await sleep(5);
    environment?.cancel('WORKER_SHUTDOWN');
    assert.equal((await stopped).type, 'WORKER_STOPPING');
    const result = await other.run(pairs, { attempt: 2 });
    assert.equal(result.metrics['rows'], 48);
    const rounds = await reported('result');
    assert.ok(rounds > 1);
    assert.ok((await reported('hello')) <= rounds + 1, 'no finished round was repeated');
  });

  it('record an attempt as lost if its worker died between publishing and recording', async () => {
    const other = createBench(folder.at('lost'), {});
    const [demonstrations] = stages;
    const first = await other.run(demonstrations!);
    const path = folderLayout(other.store.name).part({ stage: first.key });
    const [started] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${started}\n`);
    const again = await other.run(demonstrations!, { attempt: 2 });
    assert.equal(again.cached, false, 'this very run made it');
    assert.deepEqual(again.cost.attempts, 1);
    assert.deepEqual(
      (await other.ledger(demonstrations!)).map(({ type }) => type),
      ['attempt-started', 'attempt-lost'],
    );
    assert.equal((await other.run(demonstrations!, { runId: 'another' })).cached, true);
  });

  it('name an input whose bytes have changed, and are not retried', async () => {
    const other = createBench(folder.at('corrupt'), {});
    for (const stage of stages.slice(0, 2)) await other.run(stage);
    const [, sft, reference] = stages;
    const { dir } = await other.store.verify(sft!);
    const weights = join(dir, 'adapter_model.safetensors');
    const bytes = await readFile(weights);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(weights, bytes);
    const failure = await other.fail(reference!);
    assert.equal(failure.type, 'ARTIFACT_CORRUPT');
    assert.equal(failure.nonRetryable, true);
    assert.match(failure.message, /adapter_model\.safetensors/);
  });

  it('report the pairs that an exhausted pool did not yield', async () => {
    const failure = await bench.fail(changePairs(stages, 'd', { rows: 128 }));
    assert.equal(failure.type, 'POOL_EXHAUSTED');
    assert.match(failure.message, /128 pairs are needed; all 128 prompts of the pool yielded \d+/);
  });

  it('reject a definition that needs what the worker does not have', async () => {
    const demonstrations = stageOf(stages, 'synthesizeData');
    assert.ok(demonstrations.spec.what === 'demonstrations');
    const { spec } = demonstrations;
    const code = async (change: Partial<typeof spec>, name: string): Promise<string> =>
      String(
        (await bench.fail({ ...demonstrations, key: name.repeat(64), spec: { ...spec, ...change } })).type,
      );
    assert.equal(await code({ task: 'nothing' }, 'a'), 'TASK_UNKNOWN');
    assert.equal(await code({ annotator: 'nobody' }, 'b'), 'TASK_UNKNOWN');
    assert.equal(await code({ rows: 129 }, 'c'), 'BUDGET_EXCEEDS_POOL');
    const evaluation = stageOf(stages, 'evaluate');
    const large = { ...evaluation.spec, evaluation: { items: 25, maxNewTokens: 4 } };
    const failure = await bench.fail({ ...evaluation, key: 'e'.repeat(64), spec: large });
    assert.equal(failure.type, 'DEFINITION_INVALID');
    assert.match(failure.message, /evaluation\.items/);
  });
});
