import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PeopleQueue } from '../../../annotators';
import { reportFolder } from '../../../host/home';
import type { LedgerLine } from '../../../schemas/ledger';
import { call, start } from '../../support/cli/executable';
import { reply, send, startEndpoint } from '../../support/endpoint-server';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryHome } from '../../support/temporary';

const rows = 6;
const concurrency = 2;
/** 100 tokens of a prompt and 10 of an answer. */
const usdACall = 0.002;
const usdALabel = 0.0005;

const definition = `
import { defineSweep, endpointJudge, helpfulness, peopleJudge, preferenceAnnotator } from 'budgetline';
import { syntheticDefaults, withPreferenceAnnotators } from 'budgetline';

const env = process.env as Record<string, string>;
const judge = endpointJudge({
  ...{ name: 'judge', description: 'A model.', baseUrl: env.ENDPOINT, model: 'judge-1' },
  ...{ apiKeyVariable: 'ENDPOINT_KEY', spendLimitUsd: 5, concurrency: ${concurrency}, requestsPerMinute: 60_000, firstWaitMs: 1 },
  prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
});
const us = peopleJudge({ name: 'us', description: 'Us.', folder: env.PEOPLE });
const model = preferenceAnnotator({ name: 'model', description: 'A model.', by: judge });
const people = preferenceAnnotator({ name: 'people', description: 'Us.', by: us });
export const tasks = [withPreferenceAnnotators(helpfulness, model, people)];

const defaults = syntheticDefaults('helpfulness');
export default defineSweep({
  ...defaults,
  name: 'labelled',
  data: { source: 'synthetic', pool: 64, validation: 2, test: 4 },
  pairs: { ...defaults.pairs, chosen: 'best-sample', candidates: 3, maxNewTokens: 8, annotator: 'model' },
  axes: { 'pairs.annotator': ['model', 'people'] },
  prices: { ...defaults.prices, preferenceLabel: ${usdALabel} },
  budgets: [${rows}],
  sftFractions: [0],
  preference: { ...defaults.preference, epochs: 1 },
  evaluation: { items: 2, maxNewTokens: 8 },
  controls: [],
});
`;

/** The longer answer is the better one. */
const verdictOn = (first: string, second: string): string =>
  first.length === second.length ? '[[tie]]' : first.length > second.length ? '[[A]]' : '[[B]]';

/** Whole lines: a worker may be writing the last one. */
const linesOf = (home: string): LedgerLine[] => {
  const ledgers = join(home, 'store', 'ledger', 'stages');
  const names = existsSync(ledgers) ? readdirSync(ledgers) : [];
  return names
    .flatMap((name) => readFileSync(join(ledgers, name), 'utf8').split('\n').slice(0, -1))
    .map((text) => JSON.parse(text) as LedgerLine);
};

/** The worker with an unfinished attempt at a data stage. */
function pidOfBatch(home: string): number {
  const lines = linesOf(home).filter((line) => 'kind' in line && line.kind === 'synthesizeData');
  const isEnded = (stage: string, attempt: number): boolean =>
    lines.some((line) => line.type === 'attempt-ended' && line.stage === stage && line.attempt === attempt);
  const open = lines.find((line) => line.type === 'attempt-started' && !isEnded(line.stage, line.attempt));
  assert.ok(open?.type === 'attempt-started');
  return open.pid;
}

/** People who prefer the longer answer. */
async function labelQueue(folder: string, ended: AbortSignal): Promise<void> {
  const queue = new PeopleQueue(folder);
  while (!ended.aborted) {
    const answers = (await queue.open()).map(({ id, first, second }) => {
      assert.match(id, /^preference-/);
      const completion = verdictOn(String(first), String(second));
      return { fields: { id, completion, by: 'ann' }, place: id };
    });
    if (answers.length > 0) await queue.take(answers);
    await sleep(300);
  }
}

interface Manifest {
  readonly spec: { readonly annotator: string };
  readonly metrics: Readonly<Record<string, number>>;
}

describe('a sweep whose pairs an endpoint and people label', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryHome();

  it('survives a worker killed in mid-batch, asks only calls in flight again, waits for people, and is verified', async () => {
    /** The ids of the calls that asked each question. */
    const calls = new Map<string, string[]>();
    const answers: string[] = [];
    let hold: (() => void) | undefined;
    const held = new Promise<void>((begin) => (hold = begin));
    const server = await startEndpoint((response, { messages }, requestId) => {
      const shown = messages.at(-1)?.content ?? '';
      calls.set(shown, [...(calls.get(shown) ?? []), requestId]);
      // The fifth label is late: the worker dies waiting for it.
      if (answers.length === 4 && hold !== undefined) {
        hold();
        hold = undefined;
        return;
      }
      const [, first = '', second = ''] =
        /# Answer A\n(.*?)\n\n# Answer B\n(.*?)\n\n# Verdict/s.exec(shown) ?? [];
      answers.push(shown);
      send(response, 200, reply(JSON.stringify({ answer: verdictOn(first, second) })));
    });
    const people = folder.at('people');
    const home = folder.path();
    const env = {
      ...{ BUDGETLINE_HOME: home, ENDPOINT: server.baseUrl },
      ...{ ENDPOINT_KEY: 'sk-x', PEOPLE: people },
    };
    writeFileSync(folder.at('labelled.ts'), definition);
    const ended = new AbortController();
    const labelling = labelQueue(people, ended.signal);
    const run = start(['run', folder.at('labelled.ts')], { env });
    try {
      await Promise.race([held, run.ended.then(() => assert.fail(run.printed()))]);
      process.kill(pidOfBatch(home), 'SIGKILL');
      const { status } = await run.ended;
      assert.equal(status, 0, run.printed());
    } finally {
      ended.abort();
      run.child.kill('SIGKILL');
      server.close();
    }
    await labelling;
    const again = [...calls.values()].filter((ids) => ids.length > 1);
    assert.ok(again.length >= 1 && again.length <= concurrency, `${again.length} questions were asked again`);
    for (const ids of again) assert.deepEqual(ids, [ids[0], ids[0]], 'once, with the same Idempotency-Key');
    // The held call was not answered before the kill.
    const paidTwice = answers.length - calls.size;
    assert.ok(paidTwice <= concurrency - 1, `${paidTwice} labels were answered twice`);
    const unknownCalls = checkPairs(home, calls.size);
    assert.ok(
      unknownCalls >= again.length && unknownCalls <= concurrency,
      `${unknownCalls} calls are unknown`,
    );
    await checkMoney(home, { env, labels: calls.size });
  });

  /** Result and ledger have the bill and the labels of people; the labels' purchases are verified. */
  async function checkMoney(home: string, { env, labels }: { env: NodeJS.ProcessEnv; labels: number }) {
    const [chain = ''] = readdirSync(join(home, 'store', 'ledger', 'experiments'));
    const id = chain.replace(/\.jsonl$/, '');
    const usd = labels * (usdACall + usdALabel);
    const path = join(reportFolder(home, id), 'result.json');
    const { result } = JSON.parse(readFileSync(path, 'utf8')) as { result: { spend: { usd: number } } };
    assert.ok(Math.abs(result.spend.usd - usd) < 1e-9, `${result.spend.usd} of ${usd}`);
    const ended = linesOf(home).filter((line) => line.type === 'attempt-ended');
    const booked = ended.reduce((sum, line) => sum + line.usd, 0);
    assert.ok(Math.abs(booked - usd) < 1e-9, `${booked} of ${usd}`);
    const verified = await call(['audit', 'verify', id], { env });
    assert.match(verified.stdout, /: verified\./, verified.stdout);
    const nests = join(home, 'store', 'ledger', 'nests');
    for (const name of readdirSync(nests)) rmSync(join(nests, name));
    const without = await call(['audit', 'verify', id], { env });
    assert.match(without.stdout, /purchase-missing/, without.stdout);
  }

  /** The labels of both sets of pairs, and the bill of the endpoint's. Returns its calls with an unknown bill. */
  function checkPairs(home: string, paid: number): number {
    const artifacts = join(home, 'store', 'artifacts');
    const names = readdirSync(artifacts).filter((name) => name.startsWith('synthesizeData-'));
    const made = names.map((name) => ({
      manifest: JSON.parse(readFileSync(join(artifacts, name, 'manifest.json'), 'utf8')) as Manifest,
      pairs: readFileSync(join(artifacts, name, 'pairs.jsonl'), 'utf8'),
    }));
    assert.deepEqual(made.map(({ manifest }) => manifest.spec.annotator).sort(), ['model', 'people']);
    assert.equal(made[0]?.pairs, made[1]?.pairs, 'both prefer the longer answer');
    for (const line of (made[0]?.pairs ?? '').trimEnd().split('\n')) {
      const { chosen, rejected } = JSON.parse(line) as Record<string, string>;
      assert.ok(chosen!.length > rejected!.length);
    }
    for (const { manifest } of made) {
      const { metrics } = manifest;
      assert.deepEqual([metrics['rows'], metrics['verifierCalls'], metrics['checked']], [rows, 0, rows]);
      assert.deepEqual([metrics['orderFlips'], metrics['labels']], [0, paid]);
    }
    const bills = linesOf(home).flatMap((line) =>
      line.type === 'attempt-ended' && line.kind === 'synthesizeData' && line.annotation
        ? [line.annotation]
        : [],
    );
    assert.equal(
      bills.reduce((sum, { calls }) => sum + calls, 0),
      paid,
    );
    return made.find(({ manifest }) => manifest.spec.annotator === 'model')!.manifest.metrics[
      'unknownCalls'
    ]!;
  }
});
