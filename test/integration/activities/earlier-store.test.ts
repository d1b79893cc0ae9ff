import assert from 'node:assert/strict';
import { cp, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { paymentsIn } from '../../../audit';
import type { LedgerLine } from '../../../schemas/ledger';
import { createRandom } from '../../../core/random';
import { storedFormat } from '../../../core/stored-format';
import type { PlannedStage, StageResult } from '../../../contracts/stage';
import { answerTo } from '../../support/booked-endpoint';
import {
  asVersion,
  laterVersion,
  specBefore,
  type Version,
} from '../../support/earlier-stores/later-versions';
import {
  answeredLocally,
  type Asked,
  endpointPort,
  judgedByModel,
  judgedByPeople,
  paidStages,
  type Place,
} from '../../support/earlier-stores/paid-rows';
import {
  type Behaviour,
  type EndpointServer,
  reply,
  send,
  startEndpoint,
} from '../../support/endpoint-server';
import type { StageBench } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';

const recorded = join(__dirname, '../../support/earlier-stores/0.1');

/** Times of claims say that they were released; git keeps no times. */
async function releaseClaims(home: string): Promise<void> {
  const claims = join(home, 'store', 'claims');
  const entries = await readdir(claims, { recursive: true });
  for (const name of entries.filter((each) => each.endsWith('.json'))) await utimes(join(claims, name), 0, 0);
}

async function writeFormat(home: string, format: number): Promise<void> {
  const artifacts = join(home, 'store', 'artifacts');
  for (const name of await readdir(artifacts)) {
    const path = join(artifacts, name, 'manifest.json');
    const { key } = JSON.parse(await readFile(path, 'utf8')) as { key: string };
    await writeFile(path, JSON.stringify({ format, key, fieldsOfThatVersion: true }));
  }
}

/** The tests of another checkout may have the port for a while. */
async function startAtPort(behave: Behaviour): Promise<EndpointServer> {
  for (let left = 60; ; left -= 1)
    try {
      return await startEndpoint(behave, endpointPort);
    } catch (error) {
      if (left === 0) throw error;
      await sleep(500);
    }
}

/** What the attempts of a run paid: in all, and at list price. */
const paidIn = (lines: readonly LedgerLine[], runId: string): number =>
  paymentsIn(lines)
    .filter((payment) => payment.runId === runId)
    .reduce((sum, { usd, rowsUsd }) => sum + usd + rowsUsd, 0);

describe('the store of version 0.1', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let server: EndpointServer;
  let calls = 0;
  before(async () => {
    server = await startAtPort((response, asked) => {
      calls += 1;
      send(response, 200, reply(JSON.stringify({ answer: answerTo(asked) }), asked.model));
    });
  });
  beforeEach(() => (calls = 0));
  after(() => server.close());

  let copies = 0;
  async function copy(): Promise<Place> {
    const home = folder.at(`home-${(copies += 1)}`);
    await cp(recorded, home, { recursive: true });
    await releaseClaims(home);
    return { home, people: join(home, 'people') };
  }

  const runId = 'upgraded';
  const expected = async (): Promise<Record<string, string>> => {
    const artifacts = join(recorded, 'store', 'artifacts');
    const found = (await readdir(artifacts)).map(async (name) => {
      const rows = await readFile(join(artifacts, name, 'demonstrations.jsonl'), 'utf8');
      const { annotator } = JSON.parse(await readFile(join(artifacts, name, 'stats.json'), 'utf8')) as {
        annotator: string;
      };
      return [annotator, rows] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  };

  /** Runs the stages of all annotators, and checks that their rows are the recorded ones and cost nothing. */
  async function runForNothing(
    bench: StageBench,
    stages: Readonly<Record<string, PlannedStage>>,
  ): Promise<StageResult[]> {
    const rows = await expected();
    const results: StageResult[] = [];
    for (const [name, stage] of Object.entries(stages)) {
      const result = await bench.run(stage, { runId });
      const { dir } = (await bench.store.get({ kind: stage.kind, key: stage.key }))!;
      assert.equal(await readFile(join(dir, 'demonstrations.jsonl'), 'utf8'), rows[name], name);
      assert.deepEqual([result.usd, result.rowsUsd ?? 0], [0, 0], name);
      assert.equal(paidIn(await bench.ledger(stage), runId), 0, name);
      results.push(result);
    }
    return results;
  }

  /** The stages as a later version plans them. Its activities read its own names of fields. */
  async function planned(place: Place, version: Version, change: Asked = {}) {
    const { bench, stages } = await asVersion(version, () => paidStages(place, change));
    const readable = Object.entries(stages).map(([name, stage]) => [
      name,
      { ...stage, spec: specBefore(stage.spec, version.synthesizeData) },
    ]);
    return { bench, stages: Object.fromEntries(readable) as Record<string, PlannedStage> };
  }

  it('has all rows of this version, without a call, a question to people or a US dollar', async () => {
    const place = await copy();
    const { bench, stages } = await paidStages(place);
    await runForNothing(bench, stages);
    const { verdicts, usd } = await judgedByModel(place);
    assert.equal(verdicts.filter((verdict) => /^\[\[/.test(verdict)).length, 8);
    assert.equal(usd, 0);
    assert.deepEqual(new Set(await judgedByPeople(place)), new Set(['[[A]]']));
    assert.deepEqual(await answeredLocally(place), ['So: Question 0?', 'So: Question 1?']);
    assert.equal(calls, 0);
  });

  it('has them in artifacts of an earlier format too: these are made again, with a warning', async () => {
    const place = await copy();
    const { bench, stages } = await paidStages(place);
    const { staff, counter } = stages;
    await runForNothing(bench, { staff, counter });
    await writeFormat(place.home, storedFormat - 1);
    const results = await runForNothing(bench, { staff, counter });
    for (const { cached, warnings } of results) {
      assert.equal(cached, false);
      assert.match(warnings![0]!.message, /earlier version made this artifact in another format/);
    }
    assert.equal(calls, 0);
  });

  for (let number = 0; number < 24; number += 1)
    it(`buys nothing again for a later version, whatever that changes (${number})`, async () => {
      const place = await copy();
      const random = createRandom('upgrade', number);
      if (random() < 0.5) await writeFormat(place.home, storedFormat - 1);
      const version = laterVersion(number);
      // Settings that do not decide an answer, and the first version's defaults, given by name.
      const settings: Asked = random() < 0.5 ? { maxTokens: 1024, attempts: 3, concurrency: 1 } : {};
      const { bench, stages } = await planned(place, version, settings);
      const results = await runForNothing(bench, stages);
      assert.ok(
        results.every(({ cached }) => !cached),
        'the stages are made again',
      );
      assert.equal((await judgedByModel(place, settings)).usd, 0);
      assert.equal(calls, 0);
    });

  const others: Readonly<Record<string, Asked>> = {
    'another model': { model: 'judge-2' },
    'another temperature': { temperature: 0.7 },
    'a longer answer': { maxTokens: 2048 },
    'another system prompt': { system: 'Be brief.' },
    'another prompt': { ask: ({ prompt }) => `Please: ${prompt}` },
    'another address': { baseUrl: `http://localhost:${endpointPort}/v1` },
    'another name': { name: 'judge-3' },
  };
  for (const [what, change] of Object.entries(others))
    it(`asks again for ${what}`, async () => {
      const place = await copy();
      if (what !== 'another name') {
        const { bench, stages } = await paidStages(place, change);
        const { usd } = await bench.run(stages.model, { runId });
        assert.ok(usd > 0);
        assert.equal(calls, 3);
      }
      const { usd } = await judgedByModel(place, change);
      assert.ok(usd > 0);
      assert.ok(calls >= 8);
    });
});
