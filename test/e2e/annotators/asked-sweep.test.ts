import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peopleAnnotator, peopleJudge, PeopleQueue, withAnnotators, withJudges } from '../../../annotators';
import { resolveDefinition, type SweepInput } from '../../../definitions';
import { gatherLabels } from '../../../contracts/labels';
import type { LedgerLine } from '../../../schemas/ledger';
import { uniqueResults } from '../../../contracts/stage';
import { defineSweep } from '../../../definitions';
import { createFolderStore } from '../../../store';
import { helpfulness, syntheticDefaults } from '../../../tasks';
import { createWorker } from '../../../workers';
import { call, processesOf, start } from '../../support/cli/executable';
import {
  type Behaviour,
  passing,
  reply,
  send,
  shapeless,
  startEndpoint,
} from '../../support/endpoint-server';
import { Going } from '../../support/going-sweep';
import { whilePolling } from '../../support/polling';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';

/** Settings of both sweeps, so that stages with people only have the same keys. */
const asked = {
  name: 'asked',
  data: { source: 'synthetic', pool: 32, validation: 2, test: 4 },
  budgets: [12],
  sftFractions: [1],
  sft: { ...syntheticDefaults('helpfulness').sft, epochs: 1 },
  evaluation: { items: 4, split: 'test', maxNewTokens: 8 },
  controls: [],
} satisfies Partial<SweepInput>;

const definition = `
import { defineSweep, endpointAnnotator, endpointJudge, helpfulness, peopleAnnotator, peopleJudge } from 'budgetline';
import { syntheticDefaults, withAnnotators, withJudges } from 'budgetline';

const env = process.env as Record<string, string>;
const model = {
  ...{ baseUrl: env.ENDPOINT, model: 'judge-1', apiKeyVariable: 'ENDPOINT_KEY', spendLimitUsd: 5 },
  ...{ concurrency: 2, requestsPerMinute: 60_000, timeoutMs: 2000, firstWaitMs: 1 },
  prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
};
const writer = endpointAnnotator({ name: 'model', description: 'A model.', ...model });
const people = peopleAnnotator({ name: 'people', description: 'Us.', folder: env.PEOPLE });
const judge = endpointJudge({ name: 'the-judge', description: 'The same model.', ...model, attempts: 1000 });
const panel = peopleJudge({ name: 'panel', description: 'Three others.', folder: env.PANEL, people: 3 });
export const tasks = [withJudges(withAnnotators(helpfulness, writer, people), judge, panel)];

const asked = ${JSON.stringify(asked)};
export default defineSweep({
  ...syntheticDefaults('helpfulness'),
  ...asked,
  annotator: 'model',
  axes: { annotator: ['model', 'people'], 'evaluation.judge': ['the-judge', 'panel'] },
  evaluation: { ...asked.evaluation, judge: 'the-judge' },
});
`;

/** The server's replies to the first requests, with every transient failure. */
const script: Behaviour[] = [
  passing.busy,
  passing.broken,
  passing.cut,
  passing.garbled,
  passing.silent,
  shapeless,
];

describe('a sweep with endpoints and people', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryHome();
  const undisturbed = temporaryFolder();

  it('survives server failures and a worker killed in mid-batch, pays for no row twice, uses no device while others judge, and waits for people while everything is stopped', async () => {
    const answered = new Map<string, number>();
    let hold: (() => void) | undefined;
    const held = new Promise<void>((begin) => (hold = begin));
    const server = await startEndpoint((response, { messages, ...asked }, requestId) => {
      const shown = messages.at(-1)?.content ?? '';
      const isJudge = shown.includes('# Answer A');
      const bad = isJudge ? undefined : script.shift();
      // Wait until all six evaluations, three of them its own, have answers to judge, which takes devices.
      if (isJudge && answersTo(folder.path()) < 6)
        send(response, 429, { error: { message: 'later' } }, { 'retry-after': '1' });
      else if (isJudge) send(response, 200, reply('{"answer":"[[A]]"}'));
      else if (bad !== undefined) bad(response, { messages, ...asked }, requestId);
      // The seventh answer is late: the worker dies waiting for it.
      else if (answered.size === 6 && hold !== undefined) {
        hold();
        hold = undefined;
      } else {
        answered.set(shown, (answered.get(shown) ?? 0) + 1);
        send(response, 200, reply('{"answer":"1. Get it. 2. Do it."}'));
      }
    });
    const [people, panel] = [folder.at('people'), folder.at('panel')];
    const env = {
      BUDGETLINE_HOME: folder.path(),
      ENDPOINT: server.baseUrl,
      ENDPOINT_KEY: 'sk-x',
      PEOPLE: people,
      PANEL: panel,
    };
    writeFileSync(folder.at('asked.ts'), definition);
    let run = start(['run', folder.at('asked.ts')], { env });
    const ended = new AbortController();
    try {
      await held;
      process.kill(pidOfBatch(folder.path()), 'SIGKILL');
      await answerQueue(people, env);
      // The endpoint has judged; people have rows in their queue.
      while (artifactsOf(folder.path(), 'evaluate').length < 3) await sleep(200);
      // Everything that waits for people is killed.
      const workers = await processesOf(folder.path(), { server: false });
      for (const pid of new Set([run.child.pid ?? 0, ...workers])) process.kill(pid, 'SIGKILL');
      await run.ended;
      await call(['server', 'stop'], { env });
      const judging = judgeQueue(panel, ended.signal);
      run = start(['run', folder.at('asked.ts')], { env });
      const { status } = await run.ended;
      ended.abort();
      await judging;
      assert.equal(status, 0, run.printed());
      assert.match(run.printed(), /Labels of evaluations: \d+ of \d+ repeated labels agree, α/);
      assert.match(run.printed().replace(/\s+/g, ' '), /The judge is also the annotator \(model judge-1\)/);
    } finally {
      ended.abort();
      run.child.kill('SIGKILL');
      server.close();
    }
    assert.equal(answered.size, 12);
    assert.deepEqual([...new Set(answered.values())], [1], 'no answer was paid for twice');
    checkBill(folder.path());
    checkHistories(folder.path());
    checkJudged(folder.path());
    checkDevices(folder.path());
    const verified = await call(['audit', 'verify', nameOf(folder.path())], { env });
    assert.match(verified.stdout, /: verified\./, verified.stdout);
  });

  it('equals, where people write and judge, an undisturbed sweep byte for byte, and carries labels over continue-as-new', async () => {
    for (const queue of ['people', 'panel'])
      await cp(folder.at(queue, 'answers.jsonl'), undisturbed.at(queue, 'answers.jsonl'));
    const ended = new AbortController();
    const judging = judgeQueue(undisturbed.at('panel'), ended.signal);
    const { result, states, carriedLabels } = await runInPages(undisturbed.path()).finally(() =>
      ended.abort(),
    );
    await judging;
    assert.deepEqual(states, ['CONTINUED_AS_NEW', 'COMPLETED']);
    const [people] = result.cells.filter(({ cell }) => cell.annotator === 'people');
    assert.ok(people && result.cells.length === 2);
    const kinds = [...result.baseStages, ...people.stages].map(({ kind }) => kind);
    assert.deepEqual(kinds, ['freezeReference', 'evaluate', ...wholeCell]);
    for (const { kind, key, digest } of [...result.baseStages, ...people.stages])
      assert.equal((await createFolderStore(folder.path()).verify({ kind, key })).manifest.digest, digest);
    const stages = [...result.baseStages, ...result.cells.flatMap((cell) => cell.stages)];
    const [labels] = gatherLabels(uniqueResults(stages)).filter(({ source }) => source === null);
    assert.equal(
      labels?.counts['labelledAgain'],
      3 * 4 * 2 * 3,
      'three judgements of each of four items, in two orders',
    );
    assert.deepEqual(
      carriedLabels.filter(({ source }) => source === null),
      [labels],
    );
  });
});

const wholeCell = ['synthesizeData', 'trainSft', 'freezeReference', 'evaluate'];

/** The same sweep's cells with people and with a program, one cell per run, with all answers available. */
async function runInPages(home: string) {
  const people = peopleAnnotator({ name: 'people', description: 'Us.', folder: join(home, 'people') });
  const panel = peopleJudge({
    name: 'panel',
    description: 'Three others.',
    folder: join(home, 'panel'),
    people: 3,
  });
  const tasks = [withJudges(withAnnotators(helpfulness, people), panel)];
  const axes = { annotator: ['people', 'clean'] };
  const evaluation = { ...asked.evaluation, judge: 'panel' };
  const resolved = await resolveDefinition(
    defineSweep({ ...syntheticDefaults('helpfulness'), ...asked, annotator: 'people', axes, evaluation }),
    { tasks },
  );
  return whilePolling(
    (connection) =>
      Promise.all(['cpu', 'gpu'].map((queue) => createWorker({ connection, home, queue, tasks }))),
    async (client) => {
      const going = await Going.begin({ client, home }, resolved, {
        maxCellsPerRun: 1,
        maxConcurrentCells: 1,
      });
      const result = await going.result;
      const runs = [going.runId, undefined].map((runId) =>
        client.workflow.getHandle(going.id, runId).describe(),
      );
      const states = (await Promise.all(runs)).map(({ status }) => status.name);
      const { progress } = await going.status();
      return {
        result,
        states,
        carriedLabels: (progress?.of === 'sweep' ? progress.sweep.labels : undefined) ?? [],
      };
    },
  );
}

const artifactsOf = (home: string, kind: string): string[] => {
  const artifacts = join(home, 'store', 'artifacts');
  return existsSync(artifacts) ? readdirSync(artifacts).filter((name) => name.startsWith(`${kind}-`)) : [];
};

/** Evaluations that have generated their answers and released the device. */
const answersTo = (home: string): number =>
  linesOf(home).filter((line) => line.type === 'attempt-ended' && line.outcome === 'answered').length;

const nameOf = (home: string): string => {
  const [chain = ''] = readdirSync(join(home, 'store', 'ledger', 'experiments'));
  return chain.replace(/\.jsonl$/, '');
};

/** Two people who prefer the longer answer, and one who prefers the first. */
async function judgeQueue(folder: string, ended: AbortSignal): Promise<void> {
  const queue = new PeopleQueue(folder);
  while (!ended.aborted) {
    const answers = (await queue.open()).flatMap(({ id, first, second }) => {
      const longer = String(first).length > String(second).length ? '[[A]]' : '[[B]]';
      const votes = { ann: longer, bob: longer, eve: '[[A]]' };
      return Object.entries(votes).map(([by, completion]) => ({ fields: { id, by, completion }, place: id }));
    });
    if (answers.length > 0) await queue.take(answers);
    await sleep(300);
  }
}

/** Judging attempts use no device; each model answered once, or more often for concurrent judges. */
function checkDevices(home: string): void {
  const ended = linesOf(home).flatMap((line) =>
    line.type === 'attempt-ended' && line.kind === 'evaluate' ? [line] : [],
  );
  const answeredBy = new Map<string, number>();
  for (const name of artifactsOf(home, 'evaluate')) {
    const own = ended.filter(({ stage }) => name.endsWith(stage));
    const computed = own.filter(({ deviceMs }) => deviceMs > 0);
    assert.ok(computed.length <= 1 && computed.every(({ outcome }) => outcome === 'answered'));
    assert.ok(own.every((line) => line.trainerProcesses === (computed.includes(line) ? 1 : 0)));
    const manifest = JSON.parse(
      readFileSync(join(home, 'store', 'artifacts', name, 'manifest.json'), 'utf8'),
    ) as { made: { trainer: string }; inputDigests: object };
    assert.match(manifest.made.trainer, /^budgetline-trainer/);
    assert.ok('reference' in manifest.inputDigests);
    const model = JSON.stringify(manifest.inputDigests);
    answeredBy.set(model, (answeredBy.get(model) ?? 0) + computed.length);
  }
  for (const [model, count] of answeredBy) assert.ok(count > 0, model);
}

/** Whole lines: a worker may be writing the last one. */
const linesOf = (home: string): LedgerLine[] => {
  const ledgers = join(home, 'store', 'ledger', 'stages');
  const texts = readdirSync(ledgers).flatMap((name) =>
    readFileSync(join(ledgers, name), 'utf8').split('\n').slice(0, -1),
  );
  return texts.map((text) => JSON.parse(text) as LedgerLine);
};

/** The worker with an unfinished attempt at a data stage. */
function pidOfBatch(home: string): number {
  const lines = linesOf(home);
  const ended = new Set(lines.flatMap((line) => (line.type === 'attempt-ended' ? [line.stage] : [])));
  const open = lines.find(
    (line) => line.type === 'attempt-started' && line.kind === 'synthesizeData' && !ended.has(line.stage),
  );
  assert.ok(open?.type === 'attempt-started');
  return open.pid;
}

async function answerQueue(people: string, env: Record<string, string>): Promise<void> {
  while (!existsSync(join(people, 'queue.jsonl'))) await sleep(200);
  const asked = readFileSync(join(people, 'queue.jsonl'), 'utf8').trimEnd().split('\n');
  const rows = asked.map((line) => `${(JSON.parse(line) as { id: string }).id},"1. Get it, then do it."`);
  writeFileSync(join(people, 'bad.csv'), `id,completion\n${rows[0] ?? ''}\nnobody,x\n`);
  const refused = await call(['annotate', people, '--add', join(people, 'bad.csv')], { env });
  assert.equal(refused.status, 65);
  assert.match(refused.stderr, /bad\.csv:3: id: "nobody" is not in the queue/);
  writeFileSync(join(people, 'answers.csv'), `id,completion\n${rows.join('\n')}\n`);
  const taken = await call(['annotate', people, '--add', join(people, 'answers.csv'), '--json'], { env });
  const { answered, open } = JSON.parse(taken.stdout) as { answered: number; open: unknown[] };
  assert.deepEqual([answered, open.length], [12, 0]);
}

/** The attempt after the killed one reports its cost: 12 answers and one unusable. */
function checkBill(home: string): void {
  const bills = linesOf(home).flatMap((line) =>
    line.type === 'attempt-ended' && line.kind === 'synthesizeData' && line.annotation
      ? [line.annotation]
      : [],
  );
  const total = (name: 'calls' | 'inputTokens' | 'usd'): number =>
    bills.reduce((sum, bill) => sum + bill[name], 0);
  assert.deepEqual([total('calls'), total('inputTokens')], [13, 1300]);
  assert.ok(Math.abs(total('usd') - 13 * 0.002) < 1e-12);
}

/** Histories hold references: none of the twelve rows, and no event for one. */
function checkHistories(home: string): void {
  const histories = join(home, 'store', 'histories');
  const texts = readdirSync(histories).map((name) => readFileSync(join(histories, name), 'utf8'));
  assert.ok(texts.length > 0);
  for (const text of texts) {
    assert.doesNotMatch(text, /.{200}(how do I|sk-x).{200}/s);
    assert.ok((text.match(/"eventId"/g) ?? []).length < 130);
  }
}

/** The model prefers the first answer: both orders make that a tie, and report position bias. */
function checkJudged(home: string): void {
  const summaries = artifactsOf(home, 'evaluate').map((name) => {
    const text = readFileSync(join(home, 'store', 'artifacts', name, 'summary.json'), 'utf8');
    return JSON.parse(text) as { judge: string; score: number; scores: Record<string, number> };
  });
  assert.equal(summaries.length, 6);
  for (const { judge, score, scores } of summaries)
    if (judge === 'the-judge') assert.deepEqual([score, scores['inconsistent']], [0.5, 1]);
    else assert.deepEqual([judge, scores['inconsistent'], scores['unparseable']], ['panel', 0, 0]);
}
