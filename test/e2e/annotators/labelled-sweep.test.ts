import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PeopleQueue } from '../../../annotators';
import type { LedgerLine } from '../../../schemas/ledger';
import { call, start } from '../../support/cli/executable';
import { reply, send, startEndpoint } from '../../support/endpoint-server';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryHome } from '../../support/temporary';

const rows = 6;

const definition = `
import { defineSweep, endpointJudge, helpfulness, peopleJudge, preferenceAnnotator } from 'budgetline';
import { syntheticDefaults, withPreferenceAnnotators } from 'budgetline';

const env = process.env as Record<string, string>;
const judge = endpointJudge({
  ...{ name: 'judge', description: 'A model.', baseUrl: env.ENDPOINT, model: 'judge-1' },
  ...{ apiKeyVariable: 'ENDPOINT_KEY', spendLimitUsd: 5, concurrency: 2, requestsPerMinute: 60_000, firstWaitMs: 1 },
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

  it('survives a worker killed in mid-batch, pays for every label once, waits for people, and is verified', async () => {
    const answered = new Map<string, number>();
    let hold: (() => void) | undefined;
    const held = new Promise<void>((begin) => (hold = begin));
    const server = await startEndpoint((response, { messages }) => {
      const shown = messages.at(-1)?.content ?? '';
      // The fifth label is late: the worker dies waiting for it.
      if (answered.size === 4 && hold !== undefined) {
        hold();
        hold = undefined;
        return;
      }
      const [, first = '', second = ''] =
        /# Answer A\n(.*?)\n\n# Answer B\n(.*?)\n\n# Verdict/s.exec(shown) ?? [];
      answered.set(shown, (answered.get(shown) ?? 0) + 1);
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
    assert.deepEqual([...new Set(answered.values())], [1], 'no label was paid for twice');
    checkPairs(home, answered.size);
    const [chain = ''] = readdirSync(join(home, 'store', 'ledger', 'experiments'));
    const verified = await call(['audit', 'verify', chain.replace(/\.jsonl$/, '')], { env });
    assert.match(verified.stdout, /: verified\./, verified.stdout);
  });

  /** The labels of both sets of pairs, and the bill of the endpoint's. */
  function checkPairs(home: string, paid: number): void {
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
  }
});
