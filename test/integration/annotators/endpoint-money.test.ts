import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { endpointAnnotator, endpointJudge, type EndpointOptions, withJudges } from '../../../annotators';
import type { EndpointBasics } from '../../../annotators/endpoint/settings';
import { BudgetlineError } from '../../../core/failures';
import type { AnnotationCost, AnnotationSession, Problem, Task } from '../../../contracts/task';
import { planBase } from '../../../planning';
import { prepareAsking } from '../../support/asked-rows';
import { coinTask } from '../../support/coin-task';
import { type EndpointServer, passing, reply, send, startEndpoint } from '../../support/endpoint-server';
import { codeOfOwn, createBench, identified, resolveSmall } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';

const good = reply('{"answer":"x"}');
const { usage } = good;
const message = { role: 'assistant', content: null };

/** Paid but unusable replies, by fault. */
const billed: Readonly<Record<string, { status?: number; body: object }>> = {
  'no choices': { body: { ...good, choices: [] } },
  'choices that are no list': { body: { ...good, choices: 'none' } },
  'no choices at all': { body: { model: good.model, usage } },
  'a choice without a message': { body: { ...good, choices: [{ index: 0 }] } },
  'a choice that is null': { body: { ...good, choices: [null] } },
  'no content': { body: { ...good, choices: [{ message: {} }] } },
  'tool calls': { body: { ...good, choices: [{ message: { ...message, tool_calls: [{ id: 'c' }] } }] } },
  'content in parts': { body: { ...good, choices: [{ message: { content: [{ type: 'text' }] } }] } },
  'content that is cut off': { body: reply('{"answer":"x') },
  'an empty answer': { body: reply('{"answer":"  "}') },
  'an error in the place of choices': { body: { error: { message: 'oh' }, usage } },
  'status 500 and an error with usage': { status: 500, body: { error: { message: 'oh' }, usage } },
  'status 429 and usage within the error': { status: 429, body: { error: { message: 'oh', usage } } },
};

const problem: Problem = { id: 'p', prompt: 'ask', target: '' };

describe('the cost of an endpoint', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let server: EndpointServer;
  let calls = 0;
  let behave = (response: ServerResponse, _call: number): void => send(response, 200, good);
  before(async () => {
    process.env['BUDGETLINE_TEST_MONEY_KEY'] = 'sk-money';
    server = await startEndpoint((response) => behave(response, (calls += 1)));
  });
  after(() => {
    delete process.env['BUDGETLINE_TEST_MONEY_KEY'];
    server.close();
  });
  beforeEach(() => {
    calls = 0;
    behave = (response) => send(response, 200, good);
  });

  const options = (): EndpointBasics => ({
    name: 'model',
    description: 'A model.',
    model: 'judge-1',
    apiKeyVariable: 'BUDGETLINE_TEST_MONEY_KEY',
    baseUrl: server.baseUrl,
    prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
    spendLimitUsd: 10,
    concurrency: 1,
    requestsPerMinute: 60_000,
    timeoutMs: 10_000,
    firstWaitMs: 1,
    attempts: 6,
    maxTokens: 10,
  });

  /** A stage with an endpoint, and its recorded metrics. */
  async function ask(name: string, change: Partial<EndpointOptions> = {}, problems = [problem]) {
    const spent: AnnotationCost[] = [];
    const reports: string[] = [];
    const recorded: Record<string, number> = {};
    const session: AnnotationSession = {
      folder: folder.at(name),
      stage: 'stage',
      signal: new AbortController().signal,
      billed: { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 },
      report: (done, of) => void reports.push(`${done}/${of}`),
      spent: (cost) => void spent.push(cost),
      record: (metrics) => void Object.assign(recorded, metrics),
      generate: () => Promise.reject(new Error('no local model')),
    };
    const work = endpointAnnotator({ ...options(), ...change }).annotateBatch!(problems, session);
    const code = await work.then(
      () => 'done',
      (error: unknown) => (error instanceof BudgetlineError ? error.code : String(error)),
    );
    const usd = spent.reduce((sum, cost) => sum + cost.usd, 0);
    return { code, usd, reports, recorded };
  }

  const usdACall = (100 * 10 + 10 * 100) / 1e6;
  const assertUsd = (reported: number, usd: number): void =>
    assert.ok(Math.abs(reported - usd) < 1e-12, `reported $${reported}, paid $${usd}`);
  const journalOf = (name: string): string[] =>
    readFileSync(folder.at(name, 'journal.jsonl'), 'utf8').trimEnd().split('\n');

  for (const [name, { status = 200, body }] of Object.entries(billed))
    it(`${name}: it is recorded, and the row is requested again`, async () => {
      behave = (response, call) => send(response, call < 3 ? status : 200, call < 3 ? body : good);
      const { code, usd } = await ask(name);
      assert.deepEqual([code, calls], ['done', 3]);
      assertUsd(usd, 3 * usdACall);
      assert.equal(journalOf(name).length, 3);
      behave = (response) => send(response, status, body);
      const hopeless = await ask(`${name}, for ever`);
      assert.match(hopeless.code, /^ANNOTATOR_(INVALID|UNAVAILABLE)$/);
      assertUsd(hopeless.usd, 6 * usdACall);
    });

  it('is the largest possible for a reply without usage, and nothing for an error without usage', async () => {
    behave = (response, call) =>
      call === 1 ? send(response, 200, { model: good.model, choices: [] }) : send(response, 200, good);
    const { usd } = await ask('no-usage');
    assertUsd(usd, usdACall + ((3 + 512) * 10 + 10 * 100) / 1e6);
    behave = (response, call) => (call === 1 ? passing.broken(response) : send(response, 200, good));
    calls = 0;
    assertUsd((await ask('failed')).usd, usdACall);
  });

  it('is unknown for a reply that was never read; such calls are counted, and count against the limit', async () => {
    behave = (response, call) => (call < 3 ? passing.garbled(response) : send(response, 200, good));
    const { usd, recorded } = await ask('garbled');
    assertUsd(usd, usdACall);
    assert.deepEqual(recorded, { unknownCalls: 2 });
    const dearest = ((5 + 512) * 10 + 10 * 100) / 1e6;
    const limit = usdACall + 2 * dearest + dearest;
    const other = [{ ...problem, prompt: 'other' }];
    assert.equal((await ask('garbled', { spendLimitUsd: limit - 0.0001 }, other)).code, 'SPEND_LIMIT');
    assert.equal((await ask('garbled', { spendLimitUsd: limit }, other)).code, 'done');
    behave = () => undefined;
    assert.deepEqual((await ask('away', { timeoutMs: 50, attempts: 2 })).recorded, { unknownCalls: 2 });
    const closed = await startEndpoint(() => undefined);
    closed.close();
    const nowhere = await ask('nowhere', { baseUrl: closed.baseUrl, attempts: 2 });
    assert.deepEqual([nowhere.code, nowhere.recorded], ['ANNOTATOR_UNAVAILABLE', {}]);
  });

  it('never includes more calls for a row than its attempts', async () => {
    const bad = reply('no json');
    behave = (response, call) => (call % 6 === 0 ? send(response, 200, bad) : passing.broken(response));
    assert.equal((await ask('mixed')).code, 'ANNOTATOR_INVALID');
    assert.equal(calls, 6);
    calls = 0;
    behave = (response, call) => (call % 2 === 1 ? send(response, 200, bad) : passing.broken(response));
    assert.equal((await ask('turns')).code, 'ANNOTATOR_UNAVAILABLE');
    assert.equal(calls, 6);
    calls = 0;
    const judge = endpointJudge({ ...options(), attempts: 4 });
    behave = (response, call) => (call % 4 === 0 ? send(response, 200, bad) : passing.broken(response));
    const session = { folder: folder.at('judged'), stage: 's', signal: new AbortController().signal };
    const nothing = { report: () => undefined, spent: () => undefined, record: () => undefined };
    const asking = { ...session, ...nothing, billed: { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 } };
    await judge.compareBatch([{ prompt: 'p', first: 'a', second: 'b' }], asking as never);
    assert.equal(calls, 4);
  });

  it('counts a repeated question once, and reports progress for every row', async () => {
    const rows = ['a', 'b', 'a', 'a'].map((prompt, index) => ({ id: `p${index}`, prompt, target: '' }));
    const { reports, usd } = await ask('repeated', {}, rows);
    assert.deepEqual(reports, ['3/4', '4/4']);
    assertUsd(usd, 2 * usdACall);
    assert.deepEqual((await ask('repeated', {}, rows)).reports, ['3/4', '4/4'], 'also from the journal');
  });

  describe('the model that answers', () => {
    const answers = async (model: string, answered: unknown): Promise<string> => {
      behave = (response) => send(response, 200, { ...good, model: answered });
      return (await ask(`${model} ${String(answered)}`.replaceAll('/', '_'), { model })).code;
    };
    for (const [asked, answered] of [
      ['gpt-4o', 'gpt-4o'],
      ['gpt-4o', 'gpt-4o-2024-08-06'],
      ['gpt-4', 'gpt-4-0613'],
      ['claude-3-5-sonnet', 'claude-3-5-sonnet-20241022'],
      ['mistral-large', 'mistral-large-2411'],
      ['openai/gpt-4o', 'openai/gpt-4o'],
    ] as const)
      it(`${answered} is a snapshot of ${asked}`, async () => {
        assert.equal(await answers(asked, answered), 'done');
      });
    for (const [asked, answered] of [
      ['gpt-4o', 'gpt-4o-mini'],
      ['gpt-4o', 'gpt-4o-mini-2024-07-18'],
      ['gpt-4o', 'gpt-4o-2024-08-06-mini'],
      ['gpt-4o', 'gpt-4o-audio-preview-2024-10-01'],
      ['gpt-4', 'gpt-4-1106-preview'],
      ['gpt-4', 'gpt-4-32k'],
      ['gpt-4', 'gpt-4.1'],
      ['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'],
      ['gpt-4o-2024-08-06', 'gpt-4o'],
      ['llama-3', 'llama-3-70b'],
      ['llama-3', 'llama-3-9999'],
      ['gpt-4o', 'gpt-4o-'],
      ['gpt-4o', undefined],
    ] as const)
      it(`${String(answered)} is not a snapshot of ${asked}`, async () => {
        assert.equal(await answers(asked, answered), 'ANNOTATOR_REFUSED');
        assert.equal(calls, 1, 'nobody asks again');
      });
    it('is billed in any case', async () => {
      behave = (response) => send(response, 200, { ...good, model: 'gpt-4o-mini' });
      assertUsd((await ask('billed', { model: 'gpt-4o' })).usd, usdACall);
    });
  });

  it('refuses a journal with an invalid line, by file and line', async () => {
    await ask('damaged');
    writeFileSync(folder.at('damaged', 'journal.jsonl'), `${journalOf('damaged')[0] ?? ''}\n{"request":1}\n`);
    assert.equal((await ask('damaged')).code, 'DATA_INVALID');
  });

  const script = resolve(__dirname, '../../support/asking-process.ts');
  const start = (...args: string[]) =>
    spawn(process.execPath, ['-r', 'ts-node/register/transpile-only', script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  it('keeps the call of a process that is killed before its reply is recorded', async () => {
    const home = folder.at('killed');
    // The reply is in flight when the process dies.
    behave = (response, call) => {
      if (call === 20) child.kill('SIGKILL');
      send(response, 200, good);
    };
    const child = start(home, server.baseUrl, '40');
    await once(child, 'exit');
    const paidBefore = calls;
    behave = (response) => send(response, 200, good);
    const { bench, stage } = await prepareAsking({ home, baseUrl: server.baseUrl, rows: 40 });
    const { metrics } = await bench.run(stage, { attempt: 2 });
    assert.equal(metrics['rows'], 40);
    assert.ok(paidBefore >= 20);
    const unknown = metrics['unknownCalls'] ?? 0;
    assert.ok(unknown > 0, 'the call that killed it');
    assert.ok((metrics['annotatorCalls'] ?? 0) + unknown >= calls, `${calls} were paid for`);
    assert.ok((metrics['annotatorCalls'] ?? 0) <= calls);
  });

  it('is limited for all tasks and worker processes of one store together', async () => {
    const home = folder.at('several');
    const tasks = ['coin', 'dice', 'cards'];
    const limitUsd = 0.05;
    const processes = tasks.map((task) => start(home, server.baseUrl, '40', task, String(limitUsd)));
    const printed = await Promise.all(
      processes.map(async (child) => {
        let text = '';
        child.stdout.on('data', (piece) => (text += String(piece)));
        await once(child, 'exit');
        return text.trim();
      }),
    );
    assert.ok(printed.includes('SPEND_LIMIT'), printed.join());
    assert.ok(calls * usdACall <= limitUsd + 1e-9, `$${calls * usdACall} of $${limitUsd}`);
    assert.ok(calls * usdACall > 0.5 * limitUsd, `${calls} calls`);
  });

  it('is limited for a judge and an annotator of one name together', async () => {
    const home = folder.at('roles');
    const { bench, stage } = await prepareAsking({ home, baseUrl: server.baseUrl, rows: 10 });
    await bench.run(stage);
    const paid = calls * usdACall;
    const judge = endpointJudge({ ...options(), spendLimitUsd: paid + 3 * usdACall });
    const compared: Task = {
      ...coinTask,
      comparison: ({ prompt, target }, answer) => ({ prompt, answer, reference: target }),
    };
    const model = join(__dirname, '../../../models/tiny-math');
    const evaluation = { items: 4, maxNewTokens: 4, judge: 'model' };
    const resolved = {
      ...(await resolveSmall(model, { evaluation })),
      judge: await identified(judge),
      ...(await codeOfOwn({ judge })),
    };
    const judging = createBench(home, { deps: { tasks: [withJudges(compared, judge)] } });
    const [reference, judged] = (await planBase(resolved)).stages;
    await judging.run(reference!);
    // Judged in this process: the test is about the bill.
    Reflect.deleteProperty(judged!, 'judgedOffDevice');
    const failure = await judging.fail(judged!);
    assert.equal(failure.type, 'SPEND_LIMIT', failure.message);
    assert.ok(calls * usdACall <= paid + 3 * usdACall + 1e-9);
  });
});
