import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createActivities } from '../../../activities';
import { endpointAnnotator, endpointJudge, withAnnotators, withJudges } from '../../../annotators';
import { readStatus } from '../../../client';
import { resolveDefinition, defineSweep } from '../../../definitions';
import type { SweepResult } from '../../../contracts/results';
import type { ItemResult } from '../../../schemas/rows';
import type { PlannedStage } from '../../../contracts/stage';
import type { ComparedAnswer, Task } from '../../../contracts/task';
import { planGrid } from '../../../planning';
import { createFolderStore } from '../../../store';
import { bothOrders, scoreVerdicts, summarization, syntheticDefaults } from '../../../tasks';
import { createWorker } from '../../../workers';
import { answerTo, BookedEndpoint, usdACall } from '../../support/booked-endpoint';
import { countingTrainer } from '../../support/counted-trainer';
import { withIdleWorkers } from '../../support/idle-bench';
import { whilePolling } from '../../support/polling';
import { createBench } from '../../support/stage-bench';
import { runSweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const rows = 6;
const items = 3;
const definition = defineSweep({
  ...syntheticDefaults('summarization'),
  name: 'endpoints',
  axes: {
    place: {
      'clean-one': { annotator: 'clean', 'evaluation.judge': 'one' },
      'clean-two': { annotator: 'clean', 'evaluation.judge': 'two' },
      'writer-one': { annotator: 'writer', 'evaluation.judge': 'one' },
    },
  },
  data: { source: 'synthetic', pool: 16, validation: items, test: 4 },
  budgets: [rows],
  sftFractions: [1],
  evaluation: { items, maxNewTokens: 8, judge: 'one' },
  controls: [],
  prices: { sftExample: 0.5, preferencePair: 1 },
});
/** Cost of the program's rows, at the definition's price. */
const cleanUsd = rows * 0.5;

describe('a sweep of summaries with endpoint annotators and judges', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const endpoint = new BookedEndpoint();
  const undisturbed = new BookedEndpoint();
  const dear = new BookedEndpoint();
  const all = [endpoint, undisturbed, dear];
  before(() => Promise.all(all.map((one) => one.start())));
  after(() => all.forEach((one) => one.close()));

  const tasksOf = (asked: BookedEndpoint, limitOfTwoUsd = 5): Task[] => {
    const writer = endpointAnnotator(asked.settings('writer', 'writer-1'));
    const one = endpointJudge(asked.settings('one', 'judge-1'));
    const two = endpointJudge({ ...asked.settings('two', 'judge-2'), spendLimitUsd: limitOfTwoUsd });
    return [withJudges(withAnnotators(summarization, writer), one, two)];
  };

  /** Runs the same sweep; only the judge's spend limit differs. */
  async function run(limitOfTwoUsd?: number): Promise<SweepResult> {
    const [home, tasks] = [folder.at('home'), tasksOf(endpoint, limitOfTwoUsd)];
    const resolved = await resolveDefinition(definition, { tasks });
    const settings = { home, tasks, trainer: { command: countingTrainer(home) } };
    const ran = await whilePolling(
      (connection) =>
        Promise.all(['cpu', 'gpu'].map((queue) => createWorker({ ...settings, connection, queue }))),
      async (client) => {
        const { plan, result } = await runSweep(client, resolved, { home });
        const { progress } = await readStatus(client, plan.sweepId);
        assert.deepEqual(progress?.of === 'sweep' && progress.sweep.spend, { usd: result.spend?.usd });
        return result;
      },
    );
    return ran;
  }

  const placesOf = (outcomes: SweepResult['cells'] | SweepResult['failedCells']): string[] =>
    outcomes.map(({ cell }) => cell.axes?.['place'] ?? '');

  const failedBases = ({ variants = [] }: SweepResult) =>
    variants.flatMap(({ axes, baseFailure }) =>
      baseFailure === undefined ? [] : [{ place: axes['place'], ...baseFailure }],
    );

  it('has failed cells where another model answers or a spend limit is reached, then completes: every row paid once, every dollar reported', async () => {
    for (const model of ['writer-1', 'judge-1']) endpoint.misbehave(model);
    endpoint.replaced.set('writer-1', 3).set('judge-2', 0);
    const replaced = await run();
    assert.deepEqual(placesOf(replaced.cells), ['clean-one']);
    assert.deepEqual(placesOf(replaced.failedCells), ['clean-two', 'writer-one']);
    for (const { code, message, remedy } of [...replaced.failedCells, ...failedBases(replaced)]) {
      assert.equal(code, 'ANNOTATOR_REFUSED');
      assert.match(message, /^Requested model (writer|judge)-\d, but "cheaper-1" answered\.$/);
      assert.match(remedy ?? '', /^Name the model as the endpoint does/);
    }
    assert.deepEqual(
      failedBases(replaced).map(({ place }) => place),
      ['clean-two'],
    );
    const firstUsd = endpoint.paidUsd();
    assertUsd(replaced.spend?.usd, cleanUsd + firstUsd);

    endpoint.replaced.clear();
    endpoint.misbehave('judge-2');
    // Six questions about the base model, and six about each cell.
    const limitUsd = endpoint.paidUsd('judge-2') + 5 * usdACall;
    const limited = await run(limitUsd);
    assert.deepEqual(placesOf(limited.cells), ['clean-one', 'writer-one']);
    const stopped = [...limited.failedCells, ...failedBases(limited)];
    assert.deepEqual(new Set(stopped.map(({ code }) => code)), new Set(['SPEND_LIMIT']));
    for (const { message, remedy } of stopped) {
      assert.match(message, /^Annotator two has spent \$0\.0\d+ of \$0\.0\d+/);
      assert.match(remedy ?? '', /^Raise spendLimitUsd/);
    }
    assert.ok(endpoint.answered('judge-2').length > 1);
    assert.ok(endpoint.paidUsd('judge-2') < limitUsd + 1e-9);
    const secondUsd = endpoint.paidUsd() - firstUsd;
    assertUsd(limited.spend?.usd, secondUsd);

    const complete = await run();
    assert.deepEqual([complete.failedCells, failedBases(complete)], [[], []]);
    assertUsd(complete.spend?.usd, endpoint.paidUsd() - firstUsd - secondUsd);
    assertPaidOnce(endpoint, ['writer-1', 'judge-1', 'judge-2']);
    assert.equal(endpoint.answered('writer-1').length, rows);
    assertBooks(folder.at('home'));
    await assertSameRows();
    assertJudged(complete);
  });

  it('never exceeds spendLimitUsd, although the endpoint costs more than planned and several cells call it at once', async () => {
    const tasks = tasksOf(dear);
    const [seeds, perRow] = [[0, 1, 2, 3], usdACall / 2];
    const plannedUsd = seeds.length * rows * perRow;
    const limited = defineSweep({
      ...definition,
      name: 'limited',
      axes: {},
      seeds,
      annotator: 'writer',
      prices: { sftExample: perRow, preferencePair: 1 },
      data: { source: 'synthetic', pool: 512, validation: 2, test: 4 },
    });
    /** Buys real rows; trains nothing. */
    const home = folder.at('limited');
    const { synthesizeData } = createActivities({ store: createFolderStore(home), home, tasks });
    await withIdleWorkers({ real: () => ({ synthesizeData }) }, async (client) => {
      const runAt = async (spendLimitUsd: number): Promise<SweepResult> => {
        const resolved = await resolveDefinition({ ...limited, spendLimitUsd }, { tasks });
        return (await runSweep(client, resolved)).result;
      };
      const limitUsd = plannedUsd + 6 * usdACall;
      const stopped = await runAt(limitUsd);
      const firstUsd = dear.paidUsd();
      assert.ok(firstUsd > 0 && firstUsd < limitUsd + 1e-9, `$${firstUsd} of $${limitUsd}`);
      assertUsd(stopped.spend?.usd, firstUsd);
      assert.ok(stopped.failedCells.length > 0);
      for (const { code, remedy } of stopped.failedCells) {
        assert.equal(code, 'SPEND_LIMIT');
        assert.match(remedy ?? '', /^Raise the definition’s spendLimitUsd/);
      }
      const complete = await runAt(1);
      assert.deepEqual(complete.failedCells, []);
      assertUsd(complete.spend?.usd, dear.paidUsd() - firstUsd);
    });
    assertPaidOnce(dear, ['writer-1']);
  });

  const assertUsd = (reported: number | undefined, usd: number): void => {
    assert.ok(Math.abs((reported ?? NaN) - usd) < 1e-9, `reported $${reported}, paid $${usd}`);
  };

  function assertPaidOnce(asked: BookedEndpoint, models: readonly string[]): void {
    for (const model of models) {
      const answered = asked.answered(model);
      assert.equal(new Set(answered).size, answered.length, `${model} was paid for an answer twice`);
    }
  }

  /** The server's own count equals those of journals and ledgers. */
  function assertBooks(home: string): void {
    const store = join(home, 'store');
    const linesIn = (path: string): Record<string, unknown>[] =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as never);
    const annotations = join(store, 'annotations');
    const journals = readdirSync(annotations).flatMap((name) =>
      linesIn(join(annotations, name, 'journal.jsonl')),
    );
    assert.equal(journals.length, endpoint.booked.length);
    const ledgers = join(store, 'ledger', 'stages');
    const bills = readdirSync(ledgers)
      .flatMap((name) => linesIn(join(ledgers, name)))
      .flatMap(({ annotation }) => (annotation ? [annotation as { calls: number; usd: number }] : []));
    assert.equal(
      bills.reduce((sum, { calls }) => sum + calls, 0),
      journals.length,
    );
  }

  /** An undisturbed purchase gives the same bytes. */
  async function assertSameRows(): Promise<void> {
    const [home, tasks] = [folder.at('undisturbed'), tasksOf(undisturbed)];
    const plan = await planGrid(await resolveDefinition(definition, { tasks }));
    const isWritten = ({ rows }: PlannedStage): boolean =>
      rows?.source.what === 'demonstrations' && rows.source.from === 'writer';
    const { stage } = plan.stages.find((one) => isWritten(one.stage))!;
    const { digest } = await createBench(home, { deps: { tasks } }).run(stage);
    const kept = await createFolderStore(folder.at('home')).verify({ kind: stage.kind, key: stage.key });
    assert.equal(kept.manifest.digest, digest);
  }

  /** Every item has the model's verdicts in both orders, and ROUGE and style scores. */
  function assertJudged({ cells }: SweepResult): void {
    for (const { cell, evaluation } of cells) {
      const artifact = join(folder.at('home'), 'store', 'artifacts', `evaluate-${evaluation.key}`);
      const judged = readFileSync(join(artifact, 'items.jsonl'), 'utf8').trimEnd().split('\n');
      for (const line of judged) {
        const item = JSON.parse(line) as ItemResult;
        assert.equal(
          item.score,
          winOf({ prompt: item.prompt, answer: item.completion, reference: item.target }),
        );
      }
      const summary = JSON.parse(readFileSync(join(artifact, 'summary.json'), 'utf8')) as { judge: string };
      assert.deepEqual([judged.length, summary.judge], [items, cell.axes?.['place']?.split('-')[1]]);
      for (const name of ['rouge1', 'rouge2', 'rougeL', 'words', 'copyRate', 'lengthControlledWin'])
        assert.ok(Number.isFinite(evaluation.scores[name]), name);
    }
  }

  function winOf(compared: ComparedAnswer): number {
    const verdicts = bothOrders(compared).map(({ prompt, first, second }) =>
      answerTo({
        model: '',
        messages: [
          {
            role: 'user',
            content: `# Prompt\n${prompt}\n\n# Answer A\n${first}\n\n# Answer B\n${second}\n\n# Verdict\n`,
          },
        ],
      }),
    );
    return scoreVerdicts(verdicts[0] ?? '', verdicts[1] ?? '').win;
  }
});
