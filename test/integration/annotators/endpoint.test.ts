import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpointAnnotator, endpointJudge, type EndpointOptions } from '../../../annotators';
import { BudgetlineError, type FailureCode } from '../../../core/failures';
import type { AnnotationSession, Problem } from '../../../contracts/task';
import {
  type Behaviour,
  type EndpointServer,
  passing,
  reply,
  send,
  shapeless,
  startEndpoint,
} from '../../support/endpoint-server';
import { parseVerdict } from '../../../contracts/verdict';
import { temporaryFolder } from '../../support/temporary';

const good: Behaviour = (response, { messages }) =>
  send(response, 200, reply(JSON.stringify({ answer: `re: ${messages.at(-1)?.content ?? ''}` })));

const { broken } = passing;
const stranger: Behaviour = (response) => send(response, 200, reply('{"answer":"x"}', 'judge-2'));
const forbidden: Behaviour = (response) => send(response, 401, { error: { message: 'bad key sk-secret' } });

const problems: Problem[] = Array.from({ length: 12 }, (_, n) => ({
  id: `p${n}`,
  prompt: `ask ${n}`,
  target: '',
}));

describe('a model behind an endpoint as annotator', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  /** The server's next replies; good answers after that. */
  let script: Behaviour[] = [];
  let calls = 0;
  let server: EndpointServer;
  before(async () => {
    process.env['BUDGETLINE_TEST_KEY'] = 'sk-secret';
    server = await startEndpoint((...call) => {
      calls += 1;
      (script.shift() ?? good)(...call);
    });
  });
  after(() => {
    delete process.env['BUDGETLINE_TEST_KEY'];
    server.close();
  });
  beforeEach(() => {
    script = [];
    calls = 0;
    server.keys.length = 0;
  });

  const options = () => ({
    name: 'model',
    description: 'A model.',
    model: 'judge-1',
    apiKeyVariable: 'BUDGETLINE_TEST_KEY',
    baseUrl: server.baseUrl,
    prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
    spendLimitUsd: 10,
    concurrency: 1,
    requestsPerMinute: 60_000,
    timeoutMs: 20_000,
    firstWaitMs: 1,
    attempts: 4,
  });
  const annotator = (change?: Partial<EndpointOptions>) => endpointAnnotator({ ...options(), ...change });

  let usd = 0;
  const session = (name: string, signal = new AbortController().signal): AnnotationSession => {
    usd = 0;
    return {
      folder: join(folder.path(), name),
      signal,
      report: () => undefined,
      spent: (cost) => (usd += cost.usd),
      record: () => undefined,
      stage: 'stage',
      billed: { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 },
      generate: () => Promise.reject(new Error('no local model')),
    };
  };
  const run = (name: string, change?: Partial<EndpointOptions>, rows = problems) =>
    annotator(change).annotateBatch?.(rows, session(name)) ?? Promise.reject(new Error('no batch'));
  const journal = (name: string): string => readFileSync(join(folder.path(), name, 'journal.jsonl'), 'utf8');
  const fails = (work: Promise<unknown>, code: FailureCode): Promise<void> =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof BudgetlineError, String(error));
      assert.equal(error.code, code, error.message);
      assert.ok(!`${error.message}${JSON.stringify(error.details)}`.includes('sk-secret'));
      return true;
    });

  it('answers in the order of the problems, reports the cost, and never stores the key', async () => {
    const answers = await run('plain', { concurrency: 4 });
    assert.deepEqual(
      answers,
      problems.map(({ prompt }) => ` re: ${prompt}`),
    );
    assert.equal(calls, problems.length);
    assert.ok(Math.abs(usd - 12 * (100 * 10 + 10 * 100) * 1e-6) < 1e-12);
    assert.deepEqual(new Set(server.keys), new Set(['Bearer sk-secret']));
    assert.ok(!journal('plain').includes('sk-secret'));
  });

  for (const [name, behaviour] of Object.entries(passing))
    it(`retries after a server that is ${name}`, async () => {
      script = [good, behaviour, behaviour];
      const answers = await run(name, name === 'silent' ? { timeoutMs: 500 } : {}, problems.slice(0, 3));
      assert.equal(answers.length, 3);
      assert.equal(calls, 5, 'three answers and two failures');
      assert.equal(journal(name).trimEnd().split('\n').length, 3);
    });

  it('retries an unusable answer, and pays for both', async () => {
    script = [shapeless, shapeless];
    await run('shapeless', {}, problems.slice(0, 1));
    assert.equal(calls, 3);
    assert.ok(Math.abs(usd - 3 * 0.002) < 1e-12);
    script = Array.from({ length: 4 }, () => shapeless);
    await fails(run('hopeless', {}, problems.slice(0, 1)), 'ANNOTATOR_INVALID');
  });

  it('fails for a server that stays away, and for one that refuses', async () => {
    script = Array.from({ length: 4 }, () => broken);
    await fails(run('away', {}, problems.slice(0, 1)), 'ANNOTATOR_UNAVAILABLE');
    script = [forbidden];
    await fails(run('forbidden'), 'ANNOTATOR_REFUSED');
    assert.equal(calls, 5, 'a refusal is not repeated');
    script = [stranger];
    await fails(run('stranger'), 'ANNOTATOR_REFUSED');
    await fails(run('keyless', { apiKeyVariable: 'BUDGETLINE_NO_SUCH_KEY' }), 'ANNOTATOR_REFUSED');
  });

  it('pays for no row twice: after a failure, an incomplete journal, and in a larger batch', async () => {
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

  it('stops when aborted, and keeps paid answers', async () => {
    const stop = new AbortController();
    const stopping: Behaviour = () => stop.abort();
    script = [good, good, stopping];
    const work = annotator().annotateBatch?.(problems, session('stopped', stop.signal));
    await assert.rejects(work ?? Promise.resolve());
    assert.equal(journal('stopped').trimEnd().split('\n').length, 2);
  });

  it('stops before its spend limit', async () => {
    const limits = { spendLimitUsd: 0.011, maxTokens: 10 };
    await fails(run('poor', limits), 'SPEND_LIMIT');
    assert.ok(usd <= limits.spendLimitUsd && calls >= 3 && calls < 12, `${usd} ${calls}`);
  });

  it('reduces concurrency near the limit, and never exceeds it', async () => {
    const bytes = Buffer.byteLength(problems.at(-1)?.prompt ?? '');
    const dearestUsd = ((bytes + 512) * 10 + 10 * 100) * 1e-6;
    const exact = { maxTokens: 10, concurrency: 4, spendLimitUsd: 11 * 0.002 + dearestUsd };
    assert.equal((await run('near', exact)).length, 12);
    assert.equal(calls, 12);
    calls = 0;
    await fails(run('beyond', { ...exact, spendLimitUsd: exact.spendLimitUsd - 0.0001 }), 'SPEND_LIMIT');
    assert.equal(calls, 11);
  });

  it('stops before the sweep’s allowance is spent, counting killed attempts and not other stages', async () => {
    await run('allowed', { maxTokens: 10 }, problems.slice(0, 2));
    calls = 0;
    const allowance = { ...session('allowed'), stage: 'another', allowanceUsd: 0.011 };
    const work = annotator({ maxTokens: 10 }).annotateBatch?.(problems, allowance);
    await fails(work ?? Promise.resolve(), 'SPEND_LIMIT');
    assert.ok(usd <= 0.011 && calls >= 3 && calls < 10, `${usd} ${calls}`);
    const paid = usd;
    const later = annotator({ maxTokens: 10 }).annotateBatch?.(problems, {
      ...allowance,
      allowanceUsd: paid,
    });
    calls = 0;
    await fails(later ?? Promise.resolve(), 'SPEND_LIMIT');
    assert.equal(calls, 0, 'the journal has calls that no ledger has');
  });

  it('counts missing or invalid usage as the largest possible', async () => {
    const replyWith =
      (usage: unknown): Behaviour =>
      (response) =>
        send(response, 200, { ...reply('{"answer":"x"}'), usage });
    script = [
      replyWith(null),
      replyWith({ prompt_tokens: 0.5, completion_tokens: -1 }),
      replyWith({ prompt_tokens: 7 }),
    ];
    await run('no-usage', { maxTokens: 10 }, problems.slice(0, 3));
    const [bytes] = problems.slice(0, 3).map(({ prompt }) => Buffer.byteLength(prompt));
    assert.ok(Math.abs(usd - 3 * ((bytes! + 512) * 10 + 10 * 100) * 1e-6) < 1e-12, `${usd}`);
    calls = 0;
    await run('no-usage', { maxTokens: 10 }, problems.slice(0, 3));
    assert.equal(calls, 0, 'the journal can be read again');
  });

  it('does not believe a usage of zero', async () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0 };
    script = [
      (response) => send(response, 200, { ...reply('{"answer":"x"}'), usage: zero }),
      (response) => send(response, 200, { ...reply('{"answer":"x"}'), usage: { ...zero, prompt_tokens: 9 } }),
    ];
    await run('zero-usage', { maxTokens: 10 }, problems.slice(0, 2));
    const dearestUsd = ((Buffer.byteLength('ask 0') + 512) * 10 + 10 * 100) * 1e-6;
    assert.ok(Math.abs(usd - 2 * dearestUsd) < 1e-12, `${usd}`);
  });

  it('ends a call at its time-out, however slowly the body comes', async () => {
    const dripping: Behaviour = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    };
    script = [dripping];
    const started = performance.now();
    await run('dripping', { timeoutMs: 400 }, problems.slice(0, 1));
    assert.ok(performance.now() - started < 3_000);
    assert.equal(calls, 2);
  });

  it('reads no more of a reply than an answer needs', async () => {
    let written = 0;
    const endless: Behaviour = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = (): void => {
        written += 65_536;
        if (!response.destroyed && response.write(' '.repeat(65_536))) setImmediate(write);
      };
      response.on('drain', write);
      write();
    };
    script = Array.from({ length: 4 }, () => endless);
    const work = run('endless', { maxTokens: 10 }, problems.slice(0, 1));
    await assert.rejects(work, {
      code: 'ANNOTATOR_UNAVAILABLE',
      message: 'model (judge-1) did not answer: a reply of more than 75776 bytes.',
    });
    assert.ok(written < 50e6, `${written}`);
  });

  it('follows no redirection: the key stays with the named address', async () => {
    for (const status of [301, 302, 307, 308]) {
      script = [(response) => response.writeHead(status, { location: `${server.baseUrl}/elsewhere` }).end()];
      calls = 0;
      await assert.rejects(run(`moved-${status}`), {
        code: 'ANNOTATOR_REFUSED',
        message: `model (judge-1) refused the request: status ${status}, a redirection to another address.`,
      });
      assert.equal(calls, 1);
    }
  });

  it('says which field a refused request has, and never the key', async () => {
    const refusing =
      (error: object): Behaviour =>
      (response) =>
        send(response, 400, { error: { message: 'see sk-secret', ...error } });
    const reasons = {
      ' (unsupported_parameter: max_tokens)': { code: 'unsupported_parameter', param: 'max_tokens' },
      ' (messages[0].content)': { code: null, param: 'messages[0].content' },
      ' (temperature)': { code: 'the key sk-secret is bad', param: 'temperature' },
      '': { code: 'sk-secret', param: 7 },
    };
    for (const [index, [reason, error]] of Object.entries(reasons).entries()) {
      script = [refusing(error)];
      await assert.rejects(run(`refused-${index}`), {
        message: `model (judge-1) refused the request: status 400${reason}.`,
      });
    }
  });

  it('sends what reasoning models want', async () => {
    const bodies: object[] = [];
    const noting: Behaviour = (response, asked, requestId) => {
      bodies.push(asked);
      good(response, asked, requestId);
    };
    script = [noting, noting];
    const change = {
      temperature: null,
      maxTokens: 7,
      maxTokensField: 'max_completion_tokens',
      extraBody: { reasoning_effort: 'low' },
    } as const;
    await run('reasoning', change, problems.slice(0, 1));
    await run('reasoning', {}, problems.slice(0, 1));
    const [{ messages, response_format: format, ...sent }, usual] = bodies as [
      Record<string, unknown>,
      Record<string, unknown>,
    ];
    assert.ok(messages !== undefined && format !== undefined);
    assert.deepEqual(sent, { reasoning_effort: 'low', model: 'judge-1', max_completion_tokens: 7 });
    assert.deepEqual([usual['temperature'], usual['max_tokens']], [0, 1024]);
    for (const field of ['model', 'max_tokens', 'stream', 'n', 'response_format'])
      assert.throws(() => annotator({ extraBody: { [field]: 1 } }), {
        code: 'DEFINITION_INVALID',
        message: `Annotator model: extraBody may not set "${field}".`,
      });
  });

  it('accepts the names that its settings list, and dated snapshots', async () => {
    for (const name of ['judge-1-2026-01-31', 'gateway/judge', 'gateway/judge-2026-01-31']) {
      script = [(response) => send(response, 200, reply('{"answer":"x"}', name))];
      await run(`named-${name.replace('/', '-')}`, { acceptModels: ['gateway/judge'] }, problems.slice(0, 1));
    }
    script = [(response) => send(response, 200, reply('{"answer":"x"}', 'gateway/judge-mini'))];
    await fails(run('other-name', { acceptModels: ['gateway/judge'] }), 'ANNOTATOR_REFUSED');
  });

  it('says why an answer cannot be used, and does not pay again for a cut one', async () => {
    const choosing =
      (choice: object): Behaviour =>
      (response) => {
        const { choices, ...rest } = reply('{"answer":"x');
        send(response, 200, { ...rest, choices: [{ ...choices[0], ...choice }] });
      };
    const kinds: [reason: string, attempts: number, choice: object][] = [
      ['was cut at maxTokens', 1, { finish_reason: 'length' }],
      ['is a refusal by the model', 1, { finish_reason: 'content_filter' }],
      [
        'is a refusal by the model',
        1,
        { message: { role: 'assistant', content: null, refusal: 'I cannot.' } },
      ],
      ['was not the JSON object that was asked for', 4, {}],
      ['was not the JSON object that was asked for', 4, { finish_reason: 'stop', message: null }],
    ];
    for (const [index, [reason, attempts, choice]] of kinds.entries()) {
      script = Array.from({ length: 4 }, () => choosing(choice));
      calls = 0;
      await assert.rejects(run(`unusable-${index}`, { onRefusal: 'fail' }, problems.slice(0, 1)), {
        code: 'ANNOTATOR_INVALID',
        message: `model (judge-1) returned no usable answer to problem p0: the last one ${reason}.`,
      });
      assert.equal(calls, attempts, reason);
    }
  });

  it('leaves out what the model or the endpoint’s filter refuses, asks once, and goes on with the others', async () => {
    const refusal: Behaviour = (response) => {
      const { choices, ...rest } = reply('');
      const message = { role: 'assistant', content: null, refusal: 'I cannot.' };
      send(response, 200, { ...rest, choices: [{ ...choices[0], message }] });
    };
    const filtered: Behaviour = (response) =>
      send(response, 400, { error: { message: 'filtered', code: 'content_filter', param: 'prompt' } });
    script = [good, refusal, good, filtered];
    const rows = problems.slice(0, 5);
    const [, second, , fourth] = rows;
    const expected = rows.map((row) => (row === second || row === fourth ? null : ` re: ${row.prompt}`));
    assert.deepEqual(await run('refused', {}, rows), expected);
    assert.equal(calls, 5);
    assert.ok(
      Math.abs(usd - 4 * 0.002) < 1e-12,
      'the refusal of the model is billed, that of the filter is not',
    );
    calls = 0;
    assert.deepEqual(await run('refused', {}, rows), expected);
    assert.equal(calls, 0, 'a refusal is not asked again');
    script = [refusal];
    await fails(run('strict', { onRefusal: 'fail' }, rows), 'ANNOTATOR_INVALID');
  });

  it('judges in both orders under one bill, and counts unusable answers as unparseable', async () => {
    const judge = endpointJudge({ ...options(), maxTokens: 50 });
    const comparison = { prompt: 'p', first: 'x', second: 'y' };
    const verdict: Behaviour = (response) => send(response, 200, reply('{"answer":"[[B]]"}'));
    script = [verdict, ...Array.from({ length: 4 }, () => shapeless)];
    const other = { ...comparison, first: 'z' };
    const asked = [comparison, other, comparison];
    const verdicts = await judge.compareBatch(asked, session('judged'));
    assert.deepEqual(verdicts.map(parseVerdict), ['second', 'unparseable', 'second']);
    assert.equal(calls, 5, 'one, four for the one that cannot be read, and none for the repeated question');
    calls = 0;
    assert.deepEqual(await judge.compareBatch(asked, session('judged')), verdicts);
    assert.equal(calls, 0, 'an unparseable verdict is not requested again');
  });

  it('reports the cost of a killed attempt in the next one', async () => {
    await run('killed', {}, problems.slice(0, 4));
    const whole = usd;
    const later = {
      ...session('killed'),
      billed: { calls: 1, inputTokens: 100, outputTokens: 10, usd: 0.002 },
    };
    await annotator().annotateBatch?.(problems.slice(0, 4), later);
    assert.ok(Math.abs(usd - (whole - 0.002)) < 1e-12, `${usd}`);
  });

  it('limits its rate', async () => {
    const started = performance.now();
    await run('paced', { requestsPerMinute: 1200, concurrency: 4 }, problems.slice(0, 6));
    assert.ok(performance.now() - started >= 5 * 50 - 5);
  });
});
