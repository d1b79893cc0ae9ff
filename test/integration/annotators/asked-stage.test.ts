import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { readStatus, startExperiment } from '../../../client';
import type { PlannedStage } from '../../../contracts/stage';
import { planStage, stageKinds } from '../../../stages';
import { createWorker } from '../../../workers';
import { callsAtOnce, type Prepared, prepareAsking } from '../../support/asked-rows';
import {
  type Asked,
  type EndpointServer,
  passing,
  reply,
  send,
  startEndpoint,
} from '../../support/endpoint-server';
import { whilePolling } from '../../support/polling';
import { temporaryFolder } from '../../support/temporary';

const rows = 2000;

const promptOf = ({ messages }: Asked): string => messages.at(-1)?.content ?? '';

/** Prompts with an answer on disk; the server answers with the prompt itself. */
function journaled(home: string): string[] {
  const annotations = join(home, 'store', 'annotations');
  const [folder = ''] = readdirSync(annotations);
  const lines = readFileSync(join(annotations, folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { answer: string }).answer);
}

describe('a stage with an endpoint annotator', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let server: EndpointServer;
  let asked: string[] = [];
  let onAnswer = (): void => undefined;
  /** The server's failure for a call, by its number; otherwise a good answer. */
  let spoil = (_: ServerResponse, _call: number): boolean => false;
  before(async () => {
    server = await startEndpoint((response, question) => {
      const prompt = promptOf(question);
      asked.push(prompt);
      if (!spoil(response, asked.length)) send(response, 200, reply(JSON.stringify({ answer: prompt })));
      onAnswer();
    });
  });
  beforeEach(() => {
    asked = [];
    onAnswer = () => undefined;
    spoil = () => false;
  });
  after(() => server.close());

  async function killInMidBatch(home: string): Promise<void> {
    const script = resolve(__dirname, '../../support/asking-process.ts');
    const argv = ['-r', 'ts-node/register/transpile-only', script, home, server.baseUrl, String(rows)];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
    onAnswer = () => {
      if (asked.length === rows / 2) child.kill('SIGKILL');
    };
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
  }

  /** Runs the cell up to its training, which fails at once: the first stage's results, and the history. */
  async function runOnServer(home: string, { resolved, tasks }: Prepared) {
    const trainer = { command: [process.execPath, '-e', 'process.exit(78)'] };
    return whilePolling(
      (connection) =>
        Promise.all(['cpu', 'gpu'].map((queue) => createWorker({ connection, home, queue, tasks, trainer }))),
      async (client) => {
        const { handle, workflowId } = await startExperiment(resolved, { client });
        await assert.rejects(handle.result());
        const { progress } = await readStatus(client, workflowId);
        assert.ok(progress?.of === 'experiment');
        const { events } = await handle.fetchHistory();
        return { result: progress.experiment.finished[0]!, events: events ?? [] };
      },
    );
  }

  it('resumes after a kill in mid-batch without repeated calls, and two thousand rows are one activity in the history', async () => {
    const home = folder.at('home');
    await killInMidBatch(home);
    const [kept, before] = [new Set(journaled(home)), asked];
    assert.ok(before.length - kept.size <= callsAtOnce, 'only what was under way is not on the disk');
    asked = [];
    const prepared = await prepareAsking({ home, baseUrl: server.baseUrl, rows });
    const { result, events } = await runOnServer(home, prepared);
    assert.equal(result.key, prepared.stage.key);
    assert.equal(new Set(asked).size, asked.length);
    assert.deepEqual(
      asked.filter((prompt) => kept.has(prompt)),
      [],
      'answers on disk are not requested again',
    );
    assert.equal(kept.size + asked.length, rows);
    assert.equal(new Set(journaled(home)).size, rows);
    assert.deepEqual([result.metrics['rows'], result.metrics['annotatorCalls']], [rows, rows]);
    const bytes = events.map((event) => Buffer.byteLength(JSON.stringify(event)));
    assert.ok(events.length <= 40, `${events.length} events`);
    assert.ok(bytes.reduce((sum, each) => sum + each, 0) < 60_000, `${bytes.join(' ')} bytes`);
  });

  it('fails where another model answers, with all costs in the ledger', async () => {
    spoil = (response, call) => {
      if (call === 2) passing.busy(response);
      if (call === 6) send(response, 200, reply('{"answer":"x"}', 'judge-2'));
      return call === 2 || call === 6;
    };
    const asking = {
      home: folder.at('other-model'),
      baseUrl: server.baseUrl,
      rows: 12,
      change: { concurrency: 1 },
    };
    const { bench, stage } = await prepareAsking(asking);
    const failure = await bench.fail(stage);
    assert.deepEqual([failure.type, failure.nonRetryable], ['ANNOTATOR_REFUSED', true]);
    assert.match(failure.message, /Requested model judge-1, but "judge-2" answered/);
    const ended = (await bench.ledger(stage)).find((line) => line.type === 'attempt-ended');
    assert.deepEqual([ended?.code, ended?.annotation?.calls], ['ANNOTATOR_REFUSED', 5]);
    assert.equal(asked.length, 6, 'nobody else is asked');
  });

  it('stops before its spend limit, and resumes when the limit is raised', async () => {
    const asking = { home: folder.at('poor'), baseUrl: server.baseUrl, rows: 12 };
    const limited = { concurrency: 1, maxTokens: 10, spendLimitUsd: 0.015 };
    const poor = await prepareAsking({ ...asking, change: limited });
    const failure = await poor.bench.fail(poor.stage);
    assert.deepEqual([failure.type, failure.nonRetryable], ['SPEND_LIMIT', true]);
    const paid = asked.length;
    assert.ok(paid > 1 && paid * 0.002 <= limited.spendLimitUsd, `${paid} calls`);
    const rich = await prepareAsking({ ...asking, change: { ...limited, spendLimitUsd: 1 } });
    assert.equal(rich.stage.key, poor.stage.key, 'the allowance does not change the rows');
    const { metrics } = await rich.bench.run(rich.stage, { attempt: 2 });
    assert.deepEqual([asked.length, new Set(asked).size, metrics['rows']], [12, 12, 12]);
    const bills = (await rich.bench.ledger(rich.stage)).flatMap((line) =>
      line.type === 'attempt-ended' ? [line.annotation?.calls] : [],
    );
    assert.deepEqual(bills, [paid, 12 - paid]);
    const smaller = await prepareAsking({ ...asking, rows: 12, change: limited, budget: 6 });
    const result = await smaller.bench.run(smaller.stage);
    assert.equal(asked.length, 12, 'a part of what was bought is not bought again');
    const [ended] = (await smaller.bench.ledger(smaller.stage)).filter(
      ({ type }) => type === 'attempt-ended',
    );
    const costs = [result.metrics['annotatorUsd'], ended?.type === 'attempt-ended' && ended.usd];
    assert.deepEqual(costs, [0, 0], 'cached answers cost nothing, whatever the price of a row');
  });

  it('buys rows after earlier ones once each, and the whole set finds all of them', async () => {
    const { bench, resolved } = await prepareAsking({
      home: folder.at('after'),
      baseUrl: server.baseUrl,
      rows: 12,
    });
    const plan = (call: { rows: number; after?: PlannedStage<'rows'> }) =>
      planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, call);
    const first = plan({ rows: 5 });
    const second = plan({ rows: 4, after: first });
    const [few, more, whole] = [
      await bench.run(first),
      await bench.run(second),
      await bench.run(plan({ rows: 12 })),
    ].map(({ metrics }) => metrics['annotatorCalls']);
    assert.deepEqual([few, more, whole], [5, 4, 3]);
    assert.equal(new Set(asked).size, 12);
  });
});
