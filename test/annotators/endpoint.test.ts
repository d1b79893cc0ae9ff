import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { endpointAnnotator, type EndpointOptions } from '../../annotators';
import { BudgetlineError, type FailureCode } from '../../contracts/failures';
import type { AnnotationSession, Problem } from '../../contracts/task';
import { temporaryFolder } from '../support/temporary';

interface Asked {
  readonly model: string;
  readonly messages: { readonly role: string; readonly content: string }[];
}
type Behaviour = (response: ServerResponse, asked: Asked) => void;

const send = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
const reply = (content: string, model = 'judge-1') => ({
  ...{ id: 'x', object: 'chat.completion', created: 0, model },
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
});
const good: Behaviour = (response, { messages }) =>
  send(response, 200, reply(JSON.stringify({ answer: `re: ${messages.at(-1)?.content ?? ''}` })));

const busy: Behaviour = (response) =>
  send(response, 429, { error: { message: 'slow down' } }, { 'retry-after': '0' });
const broken: Behaviour = (response) => send(response, 500, { error: { message: 'oh' } });
const cut: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
  response.write('{"id": "x", "choi', () => response.destroy());
};
const garbled: Behaviour = (response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"id": ');
const shapeless: Behaviour = (response) => send(response, 200, reply('Sure! Here it is.'));
const silent: Behaviour = () => undefined;
const stranger: Behaviour = (response) => send(response, 200, reply('{"answer":"x"}', 'judge-2'));
const forbidden: Behaviour = (response) => send(response, 401, { error: { message: 'bad key sk-secret' } });

async function readBody(request: IncomingMessage): Promise<Asked> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return JSON.parse(text) as Asked;
}

const problems: Problem[] = Array.from({ length: 12 }, (_, n) => ({
  id: `p${n}`,
  prompt: `ask ${n}`,
  expected: '',
}));

describe('pure: a model behind an endpoint as annotator', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  /** What the server does to the next requests; good answers after that. */
  let script: Behaviour[] = [];
  let calls = 0;
  let keys: (string | undefined)[] = [];
  let server: Server;
  before(async () => {
    process.env['BUDGETLINE_TEST_KEY'] = 'sk-secret';
    server = createServer((request, response) => {
      calls += 1;
      keys.push(request.headers.authorization);
      void readBody(request).then((asked) => (script.shift() ?? good)(response, asked));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  after(() => {
    delete process.env['BUDGETLINE_TEST_KEY'];
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    script = [];
    calls = 0;
    keys = [];
  });

  const annotator = (change: Partial<EndpointOptions> = {}) =>
    endpointAnnotator({
      ...{ name: 'model', description: 'A model.', model: 'judge-1', apiKeyVariable: 'BUDGETLINE_TEST_KEY' },
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
      ...{
        spendLimitUsd: 10,
        concurrency: 1,
        requestsPerMinute: 60_000,
        timeoutMs: 500,
        firstWaitMs: 1,
        attempts: 4,
      },
      ...change,
    });

  let usd = 0;
  const session = (name: string, signal = new AbortController().signal): AnnotationSession => {
    usd = 0;
    return {
      folder: join(folder.path(), name),
      signal,
      report: () => undefined,
      spent: (cost) => (usd += cost.usd),
    };
  };
  const run = (name: string, change?: Partial<EndpointOptions>, rows = problems) =>
    annotator(change).demonstrateAll?.(rows, session(name)) ?? Promise.reject(new Error('no batch'));
  const journal = (name: string): string => readFileSync(join(folder.path(), name, 'journal.jsonl'), 'utf8');
  const fails = (work: Promise<unknown>, code: FailureCode): Promise<void> =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof BudgetlineError, String(error));
      assert.equal(error.code, code, error.message);
      assert.ok(!`${error.message}${JSON.stringify(error.details)}`.includes('sk-secret'));
      return true;
    });

  it('answers in the order of the problems, counts the money, and keeps the key to itself', async () => {
    const answers = await run('plain', { concurrency: 4 });
    assert.deepEqual(
      answers,
      problems.map(({ prompt }) => ` re: ${prompt}`),
    );
    assert.equal(calls, problems.length);
    assert.ok(Math.abs(usd - 12 * (100 * 10 + 10 * 100) * 1e-6) < 1e-12);
    assert.deepEqual(new Set(keys), new Set(['Bearer sk-secret']));
    assert.ok(!journal('plain').includes('sk-secret'));
  });

  for (const [name, behaviour] of Object.entries({ busy, broken, cut, garbled, silent }))
    it(`goes on after a server that is ${name}`, async () => {
      script = [good, behaviour, behaviour];
      const answers = await run(name, {}, problems.slice(0, 3));
      assert.equal(answers.length, 3);
      assert.equal(calls, 5, 'three answers and two failures');
      assert.equal(journal(name).trimEnd().split('\n').length, 3);
    });

  it('asks again for an answer of the asked form, and pays for both', async () => {
    script = [shapeless, shapeless];
    await run('shapeless', {}, problems.slice(0, 1));
    assert.equal(calls, 3);
    assert.ok(Math.abs(usd - 3 * 0.002) < 1e-12);
    script = Array.from({ length: 4 }, () => shapeless);
    await fails(run('hopeless', {}, problems.slice(0, 1)), 'ANNOTATOR_INVALID');
  });

  it('gives up on a server that stays away, and on one that refuses', async () => {
    script = Array.from({ length: 4 }, () => broken);
    await fails(run('away', {}, problems.slice(0, 1)), 'ANNOTATOR_UNAVAILABLE');
    script = [forbidden];
    await fails(run('forbidden'), 'ANNOTATOR_REFUSED');
    assert.equal(calls, 5, 'a refusal is not repeated');
    script = [stranger];
    await fails(run('stranger'), 'ANNOTATOR_REFUSED');
    await fails(run('keyless', { apiKeyVariable: 'BUDGETLINE_NO_SUCH_KEY' }), 'ANNOTATOR_REFUSED');
  });

  it('pays for no row twice: after a failure, a torn journal, and in a larger batch', async () => {
    script = [good, good, good, ...Array.from({ length: 4 }, () => broken)];
    await fails(run('resumed', {}, problems.slice(0, 6)), 'ANNOTATOR_UNAVAILABLE');
    appendFileSync(join(folder.path(), 'resumed', 'journal.jsonl'), '{"request":"torn');
    calls = 0;
    assert.equal((await run('resumed', {}, problems.slice(0, 6))).length, 6);
    assert.equal(calls, 3);
    calls = 0;
    assert.deepEqual(
      await run('resumed'),
      problems.map(({ prompt }) => ` re: ${prompt}`),
    );
    assert.equal(calls, 6);
    calls = 0;
    await run('resumed', { temperature: 1 }, problems.slice(0, 1));
    assert.equal(calls, 1, 'other settings are another question');
  });

  it('ends when it is told to, with what was paid for kept', async () => {
    const stop = new AbortController();
    const stopping: Behaviour = () => stop.abort();
    script = [good, good, stopping];
    const work = annotator({ timeoutMs: 20_000 }).demonstrateAll?.(problems, session('stopped', stop.signal));
    await assert.rejects(work ?? Promise.resolve());
    assert.equal(journal('stopped').trimEnd().split('\n').length, 2);
  });

  it('stops before the money does', async () => {
    const limits = { spendLimitUsd: 0.011, maxTokens: 10 };
    await fails(run('poor', limits), 'SPEND_LIMIT');
    assert.ok(usd <= limits.spendLimitUsd && calls >= 3 && calls < 12, `${usd} ${calls}`);
  });

  it('keeps to a rate', async () => {
    const started = performance.now();
    await run('paced', { requestsPerMinute: 1200, concurrency: 4 }, problems.slice(0, 6));
    assert.ok(performance.now() - started >= 5 * 50 - 5);
  });
});
