import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LedgerEntry } from '../../../schemas/ledger';
import {
  createFolderStore,
  defineStore,
  type ArtifactId,
  type Claim,
  type PublishRequest,
  type Store,
  type StorePart,
  type StoreRules,
} from '../../../store';
import { createMemoryStore, memoryRules } from '../../support/memory-store';
import { paidNothing } from '../../support/payments';
import { temporaryFolder } from '../../support/temporary';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const key = sha('stage');
const id: ArtifactId = { kind: 'trainSft', key };

const cost = { wallMs: 1, deviceMs: 1, cpuMs: 1, tokens: 1, attempts: 1, verifierCalls: 0 };
const how = { device: 'cpu', threads: 1, trainer: 't', microBatches: [], warnings: [], cost };
const manifest: PublishRequest['manifest'] = {
  makes: 'adapter',
  ...{ revision: 1, title: 'a stage', spec: { kind: 'trainSft' }, inputs: {}, inputDigests: {} },
  made: { at: '2026-01-01T00:00:00.000Z', host: 'h', experimentId: 'e', fence: 1, paid: paidNothing, ...how },
  metrics: {},
};

const lost = (fence: number): LedgerEntry => {
  return { type: 'attempt-lost', stage: key, kind: 'trainSft', fence, reason: 'gone', paid: null };
};

async function taken(store: Store, name: string): Promise<Claim> {
  const outcome = await store.claim(sha(name), 'a test');
  assert.ok('claim' in outcome, 'the claim is free');
  return outcome.claim;
}

/** The store in memory with its rules on a prototype. */
class ClassRules {
  constructor(readonly rules: StoreRules) {}

  get name(): string {
    return this.rules.name;
  }

  static from(folder: string): Store {
    const rules = memoryRules(folder);
    for (const [name, rule] of Object.entries(rules).filter(([key]) => key !== 'name'))
      Object.defineProperty(ClassRules.prototype, name, {
        configurable: true,
        value(this: ClassRules, ...values: unknown[]): unknown {
          return Reflect.apply(rule as () => unknown, this.rules, values);
        },
      });
    return defineStore(new ClassRules(rules) as unknown as StoreRules);
  }
}

const stores: Readonly<Record<string, (folder: string) => Store>> = {
  'the folder store': createFolderStore,
  'a store in memory': createMemoryStore,
  'an instance of a class': (folder) => ClassRules.from(folder),
};

for (const [title, create] of Object.entries(stores))
  describe(`the rules of stores: ${title}`, () => {
    const folder = temporaryFolder();
    let store: Store;

    beforeEach(async () => {
      store = create(folder.at(`home-${Math.random()}`));
      await store.prepare();
    });

    function payload(name: string, text: string): string {
      const dir = folder.at(`payload-${name}-${Math.random()}`);
      mkdirSync(join(dir, 'deep'), { recursive: true });
      writeFileSync(join(dir, 'deep', 'rows.jsonl'), text);
      return dir;
    }

    it('an artifact is published once and returned as a local folder; a second publish adopts it', async () => {
      const claim = await taken(store, 'publish');
      assert.equal(await store.get(id), undefined);
      await assert.rejects(store.verify(id), { code: 'INPUT_MISSING' });
      const dir = payload('first', 'one\n');
      const first = await store.publish({ id, dir, manifest }, claim);
      const second = await store.publish({ id, dir: payload('second', 'two\n'), manifest }, claim);
      assert.deepEqual([first.adopted, second.adopted], [false, true]);
      assert.equal(existsSync(dir), false, 'the payload is taken away');
      const stored = await store.verify(id);
      assert.equal(stored.manifest.digest, first.manifest.digest);
      assert.equal(readFileSync(join(stored.dir, 'deep', 'rows.jsonl'), 'utf8'), 'one\n');
      assert.deepEqual(await store.get(id).then((found) => found?.manifest), stored.manifest);
    });

    it('artifacts are listed by the beginning of their keys', async () => {
      const claim = await taken(store, 'list');
      const other = { kind: 'evaluate', key: sha('other') };
      for (const each of [id, other])
        await store.publish({ id: each, dir: payload('listed', 'x'), manifest }, claim);
      assert.deepEqual(await store.list(key.slice(0, 8)), [id]);
      const all = (await store.list('')).map(({ kind }) => kind).sort();
      assert.deepEqual(all, ['evaluate', 'trainSft']);
    });

    it('a claim has one holder, and fences that increase', async () => {
      const first = await taken(store, 'claim');
      const second = await store.claim(sha('claim'), 'another');
      assert.ok('heldBy' in second && second.heldBy.holder === 'a test');
      assert.equal((await store.claimHolder(sha('claim')))?.fence, first.fence);
      await first.release();
      assert.equal(await store.claimHolder(sha('claim')), undefined);
      const next = await taken(store, 'claim');
      assert.ok(next.fence > first.fence);
      await assert.rejects(first.check(), { code: 'CLAIM_LOST' });
      await next.check();
    });

    it('nothing is written under a claim that was released', async () => {
      const claim = await taken(store, 'over');
      await claim.release();
      const code = { code: 'CLAIM_LOST' };
      await assert.rejects(store.publish({ id, dir: payload('late', 'x'), manifest }, claim), code);
      await assert.rejects(store.chain({ stage: key }).append(lost(1), claim), code);
      assert.equal(await store.get(id), undefined);
      assert.deepEqual(await store.chain({ stage: key }).read(), []);
    });

    it('a chain links its lines; chains of stages and experiments are separate', async () => {
      const claim = await taken(store, 'chain');
      const chain = store.chain({ stage: key });
      assert.deepEqual([await chain.read(), await chain.head()], [[], null]);
      const heads = [await chain.append(lost(1), claim), await chain.append(lost(2), claim)];
      const [first, second] = await store.chain({ stage: key }).read();
      assert.deepEqual([first?.previous, second?.previous], ['0'.repeat(64), heads[0]]);
      assert.equal(await chain.head(), heads[1]);
      assert.deepEqual(await store.experiments(), []);
      await store.chain({ experiment: 'e-1' }).append(lost(3), claim);
      assert.deepEqual(await store.experiments(), ['e-1']);
      assert.equal((await chain.read()).length, 2);
    });

    it('records are replaced whole; documents are checked by their digest', async () => {
      const ids = [{ history: 'r' }, { completeHistory: 'r' }, { anchor: 'e' }, { code: key }] as const;
      for (const record of ids) {
        assert.equal(await store.read(record), undefined);
        await store.write(record, 'old');
        await store.write(record, Buffer.from(JSON.stringify(record)));
      }
      for (const record of ids) assert.equal(String(await store.read(record)), JSON.stringify(record));
      const digest = await store.storeDocument({ a: ['ä', null] });
      assert.deepEqual(await store.readDocument(digest), { a: ['ä', null] });
      await assert.rejects(store.readDocument(key), { code: 'INPUT_MISSING' });
      await store.write({ document: digest }, '{}');
      await assert.rejects(store.readDocument(digest), { code: 'ARTIFACT_CORRUPT' });
    });

    it('answers of a model are found by their key, as a local file', async () => {
      const rows = folder.at('rows.jsonl');
      writeFileSync(rows, '{}\n');
      assert.equal(await store.findGenerations(key), undefined);
      const made = { device: 'cpu', threads: 1, trainer: 't', microBatches: [] };
      const stored = await store.storeGenerations(key, { rows, metrics: { a: 1 }, maxPromptTokens: 2, made });
      assert.deepEqual(await store.findGenerations(key), stored);
      assert.equal(stored.sha256, sha('{}\n'));
      assert.equal(readFileSync(stored.path, 'utf8'), '{}\n');
    });

    it('jobs that store answers of one key at once get those that stay', async () => {
      const made = { device: 'cpu', threads: 1, trainer: 't', microBatches: [] };
      const jobs = [1, 2, 3, 4, 5, 6].map((each) => {
        const rows = folder.at(`rows-${each}.jsonl`);
        writeFileSync(rows, `${each}\n`);
        return { rows, metrics: { each }, maxPromptTokens: 2, made };
      });
      for (let round = 0; round < 10; round += 1) {
        const at = sha(`round ${round}`);
        const stored = await Promise.all(jobs.map((job) => store.storeGenerations(at, job)));
        const found = await store.findGenerations(at);
        assert.deepEqual(new Set(stored.map(({ sha256 }) => sha256)), new Set([found?.sha256]));
        for (const one of stored) {
          assert.deepEqual(one, found);
          assert.equal(sha(readFileSync(one.path, 'utf8')), one.sha256);
        }
      }
    });

    it('an annotator finds what it saved under its key', async () => {
      const { dir, save } = await store.annotations(key);
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'journal.jsonl'), '{}\n');
      await save();
      const again = await store.annotations(key);
      assert.equal(readFileSync(join(again.dir, 'journal.jsonl'), 'utf8'), '{}\n');
    });

    it('names and messages name each part once', () => {
      const parts: StorePart[] = [
        { artifact: id },
        { stage: key },
        { experiment: 'e' },
        { nest: key },
        { history: 'e' },
        { completeHistory: 'e' },
        { anchor: 'e' },
        { document: key },
        { code: key },
      ];
      assert.equal(new Set(parts.map((part) => store.nameOf(part))).size, parts.length);
      for (const part of parts) assert.equal(store.placeOf(part), `${store.name}/${store.nameOf(part)}`);
      for (const outside of ['../x', '..', 'a/b'])
        assert.throws(() => store.nameOf({ experiment: outside }), { code: 'USAGE' });
    });

    it('copies of its parts are a folder store with the same content', async () => {
      const claim = await taken(store, 'copied');
      await store.publish({ id, dir: payload('copied', 'one\n'), manifest }, claim);
      await store.chain({ stage: key }).append(lost(1), claim);
      await store.write({ history: 'r' }, '{}');
      const target = folder.at(`copy-${Math.random()}`);
      const names: string[] = [];
      await store.chain({ nest: key }).append(lost(1), claim);
      const parts = [
        { artifact: id },
        { stage: key },
        { nest: key },
        { history: 'r' },
        { anchor: 'none' },
      ] as const;
      for (const part of parts) names.push(...(await store.copy(part, target)));
      for (const name of names) assert.ok(existsSync(join(target, name)), name);
      assert.equal(names.length, 5, 'manifest, rows, two chains and history; the missing anchor is left out');
      assert.equal(dirname(names[0]!).split('/')[0], 'store');
      const copy = createFolderStore(target);
      assert.equal((await copy.verify(id)).manifest.digest, (await store.verify(id)).manifest.digest);
      assert.equal(await copy.chain({ stage: key }).head(), await store.chain({ stage: key }).head());
      assert.equal(String(await copy.read({ history: 'r' })), '{}');
    });
  });
