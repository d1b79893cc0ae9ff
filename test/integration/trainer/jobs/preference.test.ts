import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobLoss } from '../../../../schemas/losses';
import type { PreferenceRow } from '../../../../schemas/rows';
import type { JobOf } from '../../../../schemas/trainer-job';
import { temporaryFolder } from '../../../support/temporary';
import { makeModel, makePairs, preferenceJob } from '../../../support/trainer/tiny-model';
import {
  eventsOf,
  killAt,
  readRows,
  runJob,
  writeRows,
  type RunOptions,
} from '../../../support/trainer/trainer-process';

const kto: JobLoss = { name: 'kto', beta: 0.5, desirableWeight: 1, undesirableWeight: 1 };

describe('preference jobs', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let reference = '';
  let pairs = '';
  before(() => {
    reference = makeModel(folder.at('model'));
    pairs = makePairs(folder.at('pairs.jsonl'), 8);
  });

  const make = (name: string, loss: JobLoss, data = pairs): JobOf<'preference'> => ({
    ...preferenceJob(folder.path(), name, { reference, data }),
    loss,
  });

  async function run(job: JobOf<'preference'>, options: RunOptions = {}) {
    const made = await runJob(job, options);
    assert.equal(made.status, 0, made.stderr);
    return made;
  }

  /** The folder's pairs, split into unpaired rows. */
  const unpaired = (): string =>
    writeRows(
      folder.at('unpaired.jsonl'),
      readRows<PreferenceRow>(folder.path(), 'pairs.jsonl').flatMap(({ id, prompt, chosen, rejected }) => [
        { id, prompt, completion: chosen, label: true },
        { id, prompt, completion: rejected, label: false },
      ]),
    );

  it('KTO trains on unpaired rows, and on pairs as two rows each: the same bytes', async () => {
    const fromPairs = await run(make('kto-pairs', kto));
    const fromRows = await run(make('kto-rows', kto, unpaired()));
    const [first] = eventsOf(fromRows, 'metric');
    assert.equal(first?.values['loss'], 0.5);
    assert.deepEqual(
      { kl: first.values['kl'], margin: first.values['rewards/margins'] },
      { kl: 0, margin: 0 },
    );
    assert.deepEqual(eventsOf(fromRows, 'result')[0]?.files, eventsOf(fromPairs, 'result')[0]?.files);
    assert.equal(eventsOf(fromRows, 'result')[0]?.metrics['rows'], 16);
  });

  it('KTO, killed and resumed, writes the same bytes', async () => {
    const whole = eventsOf(await run(make('kto-whole', kto)), 'result')[0]?.files;
    const job = make('kto-killed', kto);
    await runJob(job, { onEvent: killAt(5) });
    const again = await run(job);
    assert.equal(eventsOf(again, 'hello')[0]?.resumedFromStep, 3);
    assert.deepEqual(eventsOf(again, 'result')[0]?.files, whole);
  });

  it('KTO warns of unbalanced rows and refuses rows of a single prompt', async () => {
    const rows = readRows<object>(folder.path(), 'unpaired.jsonl');
    const lopsided = writeRows(folder.at('lopsided.jsonl'), [...rows.slice(0, 4), rows[6]!]);
    const warned = await run(make('kto-lopsided', kto, lopsided));
    assert.deepEqual(
      eventsOf(warned, 'warning').map(({ code }) => code),
      ['KTO_UNBALANCED'],
    );
    const alone = await runJob(make('kto-alone', kto, writeRows(folder.at('alone.jsonl'), rows.slice(0, 2))));
    assert.equal(alone.status, 65);
    const bad = writeRows(folder.at('bad.jsonl'), [{ ...rows[0], label: 'yes' }]);
    const refused = await runJob(make('kto-bad', kto, bad));
    assert.match(refused.stderr, /line 1: field "label"/);
  });

  it('SimPO runs without a reference pass', async () => {
    const job = make('simpo', { name: 'simpo', beta: 2, gamma: 0.5 });
    const made = await run(job);
    assert.ok(!existsSync(join(job.outputDir, 'reference-logprobs.jsonl')));
    assert.ok(!eventsOf(made, 'progress').some(({ phase }) => phase === 'reference'));
  });

  it('refuses a policy that does not start as its reference: exit 68', async () => {
    const job = make('broken', { name: 'ipo', beta: 0.1 });
    const scored = await runJob(job, {
      onEvent: (event, child) => event.event === 'metric' && child.kill('SIGKILL'),
    });
    assert.equal(scored.signal, 'SIGKILL');
    const path = join(job.workDir, 'reference-logprobs.scratch.jsonl');
    const [header, batch = '', ...rest] = readFileSync(path, 'utf8').split('\n');
    const { rows } = JSON.parse(batch) as { rows: { chosen: number }[] };
    for (const row of rows) row.chosen += 0.5;
    const sha256 = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
    writeFileSync(path, [header, JSON.stringify({ sha256, rows }), ...rest].join('\n'));
    const refused = await runJob(job);
    const error = refused.events.at(-1);
    assert.ok(error?.event === 'error', refused.stderr);
    assert.deepEqual([refused.status, error.code], [68, 'REFERENCE_BROKEN']);
    assert.ok(!existsSync(job.outputDir));
  });

  it('logs TRL’s metrics; metrics.jsonl has all but entropy and mean_token_accuracy', async () => {
    const job = make('metrics', { name: 'sigmoid', beta: 0.5 });
    const [event] = eventsOf(await run(job), 'metric');
    const expected = [
      'entropy',
      'epoch',
      'grad_norm',
      'learning_rate',
      'logps/chosen',
      'logps/rejected',
      'loss',
      'mean_token_accuracy',
      'num_tokens',
      'rewards/accuracies',
      'rewards/chosen',
      'rewards/margins',
      'rewards/rejected',
      'tokens',
    ];
    assert.deepEqual(Object.keys(event?.values ?? {}).sort(), expected);
    for (const name of expected) assert.ok(Number.isFinite(event?.values[name]), name);
    const [logged] = readRows<{ values: object }>(job.outputDir, 'metrics.jsonl');
    const eventOnly = ['entropy', 'mean_token_accuracy'];
    assert.deepEqual(
      Object.keys(logged?.values ?? {}).sort(),
      expected.filter((name) => !eventOnly.includes(name)),
    );
  });

  it('warns when chosen answers become less likely than under the reference', async () => {
    const swapped = readRows<PreferenceRow>(folder.path(), 'pairs.jsonl').map((row) => ({
      ...row,
      chosen: row.chosen,
      rejected: `${row.chosen} again`,
    }));
    const job = make('falling', { name: 'sigmoid', beta: 0.1 }, writeRows(folder.at('near.jsonl'), swapped));
    const training = { ...job.training, epochs: 8, learningRate: 3e-3, maxLength: 128 };
    const warnings = eventsOf(await run({ ...job, training }), 'warning').map(({ code }) => code);
    assert.deepEqual(warnings, ['CHOSEN_FALLING']);
  });
});
