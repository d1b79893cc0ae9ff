import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkpointJudge, preferenceAnnotator } from '../../../annotators';
import type { JournalEntry } from '../../../annotators/journal';
import { measureLabels } from '../../../contracts/preferences';
import type { Preference } from '../../../contracts/task';
import { type Asked, type EndpointServer, reply, send, startEndpoint } from '../../support/endpoint-server';
import { itemsToLabel, labelByEndpoint, openSession } from '../../support/labelled-items';
import { temporaryFolder } from '../../support/temporary';

const usdACall = 0.002;
const shownFirst = (text: string): string => /# Answer A\n(\w+)/.exec(text)?.[1] ?? '';
const userOf = ({ messages }: Asked): string => messages.at(-1)?.content ?? '';

/** The labels of each item, one list an item. */
const byItem = (votes: readonly Preference[], labels: number): Preference[][] =>
  Array.from({ length: votes.length / labels }, (_, at) => votes.slice(at * labels, (at + 1) * labels));

describe('a preference annotator', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let server: EndpointServer;
  let asked: Asked[] = [];
  let onAnswer = (): void => undefined;
  const honest = (question: Asked): string => (shownFirst(userOf(question)) === 'good' ? '[[A]]' : '[[B]]');
  let verdictOn = honest;
  before(async () => {
    server = await startEndpoint((response, question) => {
      asked.push(question);
      send(response, 200, reply(JSON.stringify({ answer: verdictOn(question) })));
      onAnswer();
    });
  });
  beforeEach(() => {
    asked = [];
    onAnswer = () => undefined;
    verdictOn = honest;
  });
  after(() => server.close());
  const journalOf = (name: string): JournalEntry[] =>
    readFileSync(folder.at(name, 'journal.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as JournalEntry);

  it('behind an endpoint labels both orders, each under one bill, and is asked for refusals', async () => {
    const { session, spent, recorded } = openSession(folder.at('both'));
    const votes = await labelByEndpoint(server.baseUrl).preferBatch(itemsToLabel(3, 2), session);
    assert.deepEqual(votes, ['first', 'second', 'first', 'second', 'first', 'second']);
    const { metrics } = measureLabels(byItem(votes, 2));
    assert.deepEqual(
      [metrics['labelledAgain'], metrics['labelledAlike'], metrics['orderFlips'], metrics['labelFirstShown']],
      [3, 3, 0, 3],
    );
    assert.deepEqual(recorded, { labelUnreadable: 0 });
    assert.equal(asked.length, 6);
    assert.ok(asked.every(({ messages }) => messages[0]?.content.includes('[[refusal]]')));
    const usd = spent.reduce((sum, cost) => sum + cost.usd, 0);
    assert.ok(Math.abs(usd - 6 * usdACall) < 1e-12, String(usd));
    await labelByEndpoint(server.baseUrl).preferBatch(
      itemsToLabel(5, 2),
      openSession(folder.at('both')).session,
    );
    assert.equal(asked.length, 10, 'labels of the smaller batch are not bought again');
  });

  it('with position bias shows it, and refusals and unreadable labels are counted', async () => {
    verdictOn = () => '[[A]]';
    const biased = await labelByEndpoint(server.baseUrl).preferBatch(
      itemsToLabel(4, 2),
      openSession(folder.at('biased')).session,
    );
    const { metrics } = measureLabels(byItem(biased, 2));
    assert.deepEqual(
      ['labelFirstShown', 'orderCompared', 'orderFlips', 'labelledAlike'].map((name) => metrics[name]),
      [8, 4, 4, 0],
    );
    verdictOn = (question) => (honest(question) === '[[A]]' ? '[[refusal]]' : 'I like both.');
    const { session, recorded } = openSession(folder.at('refusing'));
    const votes = await labelByEndpoint(server.baseUrl).preferBatch(itemsToLabel(2, 2), session);
    assert.deepEqual([new Set(votes), recorded], [new Set(['refusal']), { labelUnreadable: 2 }]);
  });

  it('samples a draw for each label where it has a temperature, and shares the answer where it has none', async () => {
    const items = itemsToLabel(1, 6);
    const label = (name: string, temperature: number) =>
      labelByEndpoint(server.baseUrl, { temperature }).preferBatch(
        items,
        openSession(folder.at(name)).session,
      );
    await label('greedy', 0);
    assert.equal(asked.length, 2, 'one request an order');
    asked = [];
    let call = 0;
    verdictOn = () => ['[[A]]', '[[B]]', '[[tie]]'][(call += 1) % 3]!;
    const votes = await label('sampled', 0.7);
    assert.equal(asked.length, 6);
    assert.equal(new Set(journalOf('sampled').map(({ request }) => request)).size, 6);
    assert.deepEqual(await label('sampled', 0.7), votes, 'each label has its own answer in the journal');
    assert.deepEqual([asked.length, new Set(votes).size], [6, 3]);
  });

  it('resumes after a kill in mid-batch without repeated calls, and reports their cost', async () => {
    const [items, labels] = [100, 2];
    const script = resolve(__dirname, '../../support/labelling-process.ts');
    const argv = ['-r', 'ts-node/register/transpile-only', script, folder.at('killed'), server.baseUrl];
    const child = spawn(process.execPath, [...argv, String(items), String(labels)], { stdio: 'inherit' });
    onAnswer = () => {
      if (asked.length === items) child.kill('SIGKILL');
    };
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
    const before = journalOf('killed').length;
    assert.ok(before >= items - 4 && before < items * labels, `${before} labels`);
    asked = [];
    const { session, spent } = openSession(folder.at('killed'));
    const votes = await labelByEndpoint(server.baseUrl).preferBatch(itemsToLabel(items, labels), session);
    assert.equal(asked.length, items * labels - before);
    assert.equal(
      spent.reduce((sum, { calls = 1 }) => sum + calls, 0),
      items * labels,
      'also the killed calls',
    );
    assert.equal(measureLabels(byItem(votes, labels)).metrics['labelledAlike'], items);
  });

  it('stops before its spend limit, and resumes when the limit is raised', async () => {
    const label = (spendLimitUsd: number, allowanceUsd?: number) =>
      labelByEndpoint(server.baseUrl, { spendLimitUsd, concurrency: 1 }).preferBatch(
        itemsToLabel(10, 2),
        openSession(folder.at('poor'), { allowanceUsd }).session,
      );
    await assert.rejects(label(0.03), { code: 'SPEND_LIMIT' });
    const paid = asked.length;
    assert.ok(paid > 1 && paid * usdACall <= 0.03, `${paid} calls`);
    await assert.rejects(label(1, 0.04), {
      code: 'SPEND_LIMIT',
      message: / of \$0\.04/,
    });
    assert.ok(asked.length * usdACall <= 0.04, `${asked.length} calls`);
    assert.equal((await label(1)).length, 20);
    assert.equal(asked.length, 20, 'no label is paid twice');
  });

  it('may be a local checkpoint, which is asked each order once', async () => {
    const prompts: string[] = [];
    const judge = checkpointJudge({
      name: 'local',
      description: 'A checkpoint.',
      model: resolve(__dirname, '../../../models/tiny-math'),
      maxNewTokens: 4,
    });
    const { session } = openSession(folder.at('checkpoint'), {
      generate: (request) => {
        prompts.push(...request.prompts);
        return Promise.resolve(request.prompts.map((text) => (shownFirst(text) === 'good' ? 'A' : 'B')));
      },
    });
    const annotator = preferenceAnnotator({
      name: 'local labels',
      description: 'A checkpoint labels.',
      by: judge,
    });
    const votes = await annotator.preferBatch(itemsToLabel(2, 4), session);
    assert.deepEqual(byItem(votes, 4), Array(2).fill(['first', 'second', 'first', 'second']));
    assert.equal(prompts.length, 4);
    assert.ok(prompts.every((text) => text.includes('[[refusal]]')));
    assert.equal((await annotator.identify?.())?.kind, 'checkpoint');
  });
});
