import assert from 'node:assert/strict';
import { join } from 'node:path';
import { endpointAnnotator, preferenceAnnotator, withAnnotators } from '../../../annotators';
import type { Annotator } from '../../../contracts/task';
import { failures } from '../../../core/failures';
import { planStage, stageKinds } from '../../../stages';
import { userErrors } from '../../support/cases/network-errors';
import { coinTask } from '../../support/coin-task';
import {
  type Behaviour,
  type EndpointServer,
  reply,
  send,
  startEndpoint,
} from '../../support/endpoint-server';
import { codeOfOwn, createBench, identified, resolveSmall } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';

// Demonstrations do not use the model; any folder will do.
const model = join(__dirname, '../../../models/tiny-math');

describe('exceptions in the code of annotators', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let server: EndpointServer;
  let behave: Behaviour = () => undefined;
  before(async () => {
    process.env['USER_ERRORS_KEY'] = 'key';
    server = await startEndpoint((...call) => behave(...call));
  });
  after(() => {
    delete process.env['USER_ERRORS_KEY'];
    server.close();
  });

  const prepare = async (annotator: Annotator, home: string, retries = 2) => {
    const task = withAnnotators(coinTask, annotator);
    const own = task.annotators.at(-1)!;
    const code = await codeOfOwn({ annotator: own });
    const base = await resolveSmall(model, { annotator: annotator.name });
    const identity = own.identify === undefined ? undefined : await identified(own);
    const resolved = { ...base, ...code, annotator: identity };
    const execution = { ...base.definition.execution, infrastructureRetries: retries };
    const bench = createBench(folder.at(home), { deps: { tasks: [task] }, execution });
    return { bench, stage: planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows: 5 }) };
  };

  it('are retried where the network failed, and end the stage where they are mistakes', async () => {
    let thrown = new Error();
    const { bench, stage } = await prepare(
      {
        name: 'ours',
        description: 'Fails.',
        demonstrate: () => '',
        annotateBatch: () => Promise.reject(thrown),
      },
      'thrown',
      100,
    );
    let attempt = 0;
    for (const { title, error, isNetwork } of userErrors(1)) {
      thrown = error as Error;
      const { type, nonRetryable, message } = await bench.fail(stage, { attempt: (attempt += 1) });
      const code = isNetwork ? 'ANNOTATOR_UNAVAILABLE' : 'ANNOTATOR_FAULTY';
      assert.deepEqual([type, nonRetryable], [code, !isNetwork], title);
      assert.match(
        message,
        /^ours (?:did not answer \(\S[^)]*\)|fails) on pool-\d+ … pool-\d+ \(5 items\): /,
      );
    }
    assert.ok(failures.ANNOTATOR_UNAVAILABLE.retried);
  });

  it('name the item, the file and the line of a program', async () => {
    const program: Annotator = {
      name: 'program',
      description: 'Fails on one item.',
      demonstrate: ({ id }) => (undefined as unknown as Record<string, string>)[id]!,
    };
    const { bench, stage } = await prepare(program, 'program');
    const { type, message } = await bench.fail(stage);
    assert.equal(type, 'ANNOTATOR_FAULTY');
    assert.match(
      message,
      /^program fails on pool-\d+: TypeError: .* \(.*user-annotator-errors\.test\.ts:\d+\)$/,
    );
  });

  it('name the item where something other than a text is returned', async () => {
    for (const [at, value] of [undefined, null, 4, NaN, Promise.resolve('x')].entries()) {
      const odd: Annotator = {
        name: 'odd',
        description: 'Returns no text.',
        demonstrate: () => value as never,
      };
      const { bench, stage } = await prepare(odd, `odd-${at}`);
      const { type, message } = await bench.fail(stage);
      assert.equal(type, 'ANNOTATOR_FAULTY');
      assert.match(message, /^odd returned .* instead of a text for pool-\d+\.$/);
    }
    const none: Annotator = {
      name: 'none',
      description: 'Returns nothing.',
      demonstrate: () => '',
      annotateBatch: () => Promise.resolve(undefined as unknown as string[]),
    };
    const { bench, stage } = await prepare(none, 'none');
    assert.match(
      (await bench.fail(stage)).message,
      /^none returned undefined instead of a list of 5 texts\.$/,
    );
  });

  it('of fetch against a server that closes connections are retried, and name the annotator', async () => {
    behave = (response) => response.destroy();
    let calls = 0;
    const fetching: Annotator = {
      name: 'fetching',
      description: 'Asks a server of its own.',
      demonstrate: () => '',
      annotateBatch: (problems) =>
        Promise.all(
          problems.map(async ({ id }) => {
            calls += 1;
            const response = await fetch(`${server.baseUrl}/${id}`, { method: 'POST', body: '{}' });
            return response.text();
          }),
        ),
    };
    const { bench, stage } = await prepare(fetching, 'fetching');
    const failure = await bench.fail(stage);
    assert.deepEqual([failure.type, failure.nonRetryable], ['ANNOTATOR_UNAVAILABLE', false]);
    assert.match(failure.message, /^fetching did not answer \(\w+\) on pool-.*: TypeError: fetch failed/);
    behave = (response) => send(response, 200, 'fine');
    const { metrics } = await bench.run(stage, { attempt: 2 });
    assert.deepEqual([metrics['rows'], calls], [5, 10]);
  });

  it('of a function that formats paid answers keep these, and no row is asked again', async () => {
    let calls = 0;
    behave = (response) => {
      calls += 1;
      send(response, 200, reply(JSON.stringify({ answer: 'a' })));
    };
    const make = (render: (answer: string) => string): Annotator =>
      endpointAnnotator({
        name: 'paid',
        description: 'A model.',
        baseUrl: server.baseUrl,
        model: 'judge-1',
        apiKeyVariable: 'USER_ERRORS_KEY',
        prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
        spendLimitUsd: 1,
        render,
      });
    let fail = true;
    const { bench, stage } = await prepare(
      make((answer) => {
        if (fail) throw new TypeError('fetch failed');
        return ` ${answer}`;
      }),
      'paid',
    );
    const failure = await bench.fail(stage);
    assert.equal(failure.type, 'ANNOTATOR_UNAVAILABLE');
    const paid = calls;
    assert.ok(paid > 0);
    fail = false;
    const { metrics } = await bench.run(stage, { attempt: 2 });
    assert.deepEqual([metrics['rows'], calls], [5, paid]);
  });

  it('of a preference program name item, file and line', async () => {
    const annotator = preferenceAnnotator({
      name: 'picky',
      description: 'Fails.',
      by: () => {
        throw new RangeError('no taste');
      },
    });
    const problem = { id: 'p', prompt: 'Q', target: '' };
    const item = { problem, prompt: 'Q', first: 'a', second: 'b', label: 0 };
    await assert.rejects(annotator.preferBatch([item], {} as never), { name: 'FailedItem', item: 'p' });
  });
});
