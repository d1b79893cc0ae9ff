import { strict as assert } from 'node:assert';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createFolderStore, digestFile, type ArtifactId, type PublishRequest } from '../../../store';
import { folderLayout } from '../../../store/folder';
import { storedFormat } from '../../../core/stored-format';
import { paidNothing } from '../../support/payments';
import { temporaryFolder } from '../../support/temporary';

const key = (name: string): string => createHash('sha256').update(name).digest('hex');
const allowed = { check: () => Promise.resolve() };

const manifest: PublishRequest['manifest'] = {
  makes: 'model',
  revision: 1,
  title: 'a stage',
  spec: { kind: 'freezeReference' },
  inputs: {},
  inputDigests: {},
  made: {
    at: '2025-01-01T00:00:00.000Z',
    host: 'here',
    experimentId: 'e',
    fence: 1,
    paid: paidNothing,
    device: 'cpu',
    threads: 1,
    trainer: 'none',
    microBatches: [],
    warnings: [],
    cost: { wallMs: 1, deviceMs: 1, cpuMs: 1, tokens: 1, attempts: 1, verifierCalls: 0 },
  },
  metrics: { rows: 2 },
};

describe('artifacts of the store', () => {
  const folder = temporaryFolder();

  async function payload(name: string, text: string): Promise<string> {
    const dir = folder.at(`payload-${name}`);
    await mkdir(join(dir, 'deep'), { recursive: true });
    await writeFile(join(dir, 'a.jsonl'), text);
    await writeFile(join(dir, 'deep', 'b.bin'), Buffer.from([0, 1, 2]));
    return dir;
  }

  async function published(
    name: string,
  ): Promise<{ store: ReturnType<typeof createFolderStore>; id: ArtifactId }> {
    const store = createFolderStore(folder.at(`home-${name}`));
    await store.prepare();
    const id = { kind: 'freezeReference', key: key(name) };
    await store.publish({ id, dir: await payload(name, 'one\n'), manifest }, allowed);
    return { store, id };
  }

  it('has a digest that anyone can compute from the manifest’s definition', async () => {
    const { store, id } = await published('digest');
    const { manifest: read, dir } = await store.verify(id);
    const sha = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
    const line = (path: string, bytes: number, hash: string): string => `${[path, bytes, hash].join('\0')}\n`;
    const lines = line('a.jsonl', 4, sha('one\n')) + line('deep/b.bin', 3, sha(Buffer.from([0, 1, 2])));
    assert.equal(read.digest, sha(lines));
    assert.equal(await digestFile(join(dir, 'a.jsonl')), sha('one\n'));
  });

  it('has no scratch space: that belongs to workers', async () => {
    const { store } = await published('scratch');
    assert.equal(existsSync(join(store.name, 'store', 'runs')), false);
  });

  it('keeps times and hosts out of the digest', async () => {
    const { store, id } = await published('times');
    const first = await store.get(id);
    const other = { kind: 'freezeReference', key: key('times-2') };
    const made = { ...manifest.made, host: 'elsewhere', at: '2026-01-01T00:00:00.000Z' };
    const dir = await payload('times-2', 'one\n');
    const second = await store.publish({ id: other, dir, manifest: { ...manifest, made } }, allowed);
    assert.equal(second.manifest.digest, first?.manifest.digest);
  });

  it('lets the first publish win and the second adopt it', async () => {
    const { store, id } = await published('twice');
    const dir = await payload('twice-again', 'two\n');
    const second = await store.publish({ id, dir, manifest }, allowed);
    assert.equal(second.adopted, true);
    assert.equal(await readFile(join(second.dir, 'a.jsonl'), 'utf8'), 'one\n');
    assert.equal(existsSync(dir), false);
    assert.deepEqual(await readdir(folderLayout(store.name).artifacts), [`freezeReference-${id.key}`]);
  });

  it('lets exactly one of several concurrent publishes win', async () => {
    const store = createFolderStore(folder.at('home-race'));
    const id = { kind: 'evaluate', key: key('race') };
    const dirs = await Promise.all([1, 2, 3, 4].map((n) => payload(`race-${n}`, `${n}\n`)));
    const results = await Promise.all(dirs.map((dir) => store.publish({ id, dir, manifest }, allowed)));
    assert.equal(results.filter(({ adopted }) => !adopted).length, 1);
    assert.equal(new Set(results.map((result) => result.manifest.digest)).size, 1);
    await store.verify(id);
  });

  it('publishes nothing if the fence has passed on', async () => {
    const store = createFolderStore(folder.at('home-fenced'));
    const id = { kind: 'evaluate', key: key('fenced') };
    const check = (): Promise<void> => Promise.reject(new Error('passed on'));
    await assert.rejects(store.publish({ id, dir: await payload('fenced', 'x'), manifest }, { check }));
    assert.equal(await store.get(id), undefined);
  });

  it('continues if a publish crashed between the manifest and the rename', async () => {
    const store = createFolderStore(folder.at('home-crashed'));
    const id = { kind: 'evaluate', key: key('crashed') };
    const dir = await payload('crashed', 'x');
    await writeFile(join(dir, 'manifest.json'), '{"half":');
    await store.publish({ id, dir, manifest }, allowed);
    assert.equal((await store.verify(id)).manifest.files.length, 2);
  });

  it('names the changed, missing or added file of a corrupt artifact', async () => {
    const { store, id } = await published('corrupt');
    const { dir } = await store.verify(id);
    const code = { code: 'ARTIFACT_CORRUPT' };
    await writeFile(join(dir, 'a.jsonl'), 'oNe\n');
    await assert.rejects(store.verify(id), { ...code, details: { path: dir, file: 'a.jsonl' } });
    assert.notEqual(await store.get(id), undefined, 'sizes alone do not show it');
    await writeFile(join(dir, 'a.jsonl'), 'one\n');
    await writeFile(join(dir, 'extra'), '');
    await assert.rejects(store.verify(id), { ...code, details: { path: dir, file: 'extra' } });
    await rm(join(dir, 'a.jsonl'));
    await assert.rejects(store.get(id), { ...code, details: { path: dir, file: 'a.jsonl' } });
    await writeFile(join(dir, 'manifest.json'), '{}');
    await assert.rejects(store.get(id), code);
  });

  async function ofFormat(format: number) {
    const { store, id } = await published(`format-${format}`);
    const { dir } = await store.verify(id);
    const path = join(dir, 'manifest.json');
    await writeFile(path, JSON.stringify({ format, unknown: true }));
    return { store, id, refusal: { code: 'FORMAT_UNSUPPORTED', details: { path, format } } };
  }

  it('refuses an artifact of a later format, whatever its fields', async () => {
    const { store, id, refusal } = await ofFormat(storedFormat + 1);
    const expected = { ...refusal, message: /a later version/ };
    await assert.rejects(store.get(id), expected);
    await assert.rejects(store.verify(id), expected);
  });

  it('has nothing in place of an artifact of an earlier format, and replaces it', async () => {
    const { store, id, refusal } = await ofFormat(storedFormat - 1);
    assert.equal(await store.get(id), undefined);
    await assert.rejects(store.verify(id), { ...refusal, message: /an earlier version/ });
    const again = await store.publish({ id, dir: await payload('again', 'x'), manifest }, allowed);
    assert.equal(again.adopted, false);
    assert.equal((await store.verify(id)).manifest.digest, again.manifest.digest);
  });

  it('rejects keys, kinds and names that would leave the store', async () => {
    const store = createFolderStore(folder.path());
    const code = { code: 'USAGE' };
    await assert.rejects(store.get({ kind: 'evaluate', key: '../../etc' }), code);
    await assert.rejects(store.get({ kind: '../x', key: key('x') }), code);
    assert.throws(() => store.chain({ experiment: 'a/../../b' }), code);
    await assert.rejects(store.read({ history: '..' }), code);
  });

  it('reports that a store cannot be written, with its path', async () => {
    const file = folder.at('a-file');
    await writeFile(file, '');
    const store = createFolderStore(join(file, 'home'));
    await assert.rejects(store.prepare(), {
      code: 'STORE_UNWRITABLE',
      details: { errno: 'EEXIST', path: file },
    });
  });

  it('creates a home for its user alone, and keeps the mode of one that is there', async () => {
    const modeOf = (path: string): number => statSync(path).mode & 0o777;
    await createFolderStore(folder.at('parent/own')).prepare();
    assert.equal(modeOf(folder.at('parent/own')), 0o700);
    await mkdir(folder.at('shared'), { mode: 0o755 });
    await createFolderStore(folder.at('shared')).prepare();
    assert.equal(modeOf(folder.at('shared')), 0o755);
  });

  it('removes what killed processes left half-written, and nothing that is being written', async () => {
    const { store, id } = await published('partial');
    const artifacts = folderLayout(folder.at('home-partial')).artifacts;
    const at = (name: string): string => join(artifacts, name);
    const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
    for (const name of ['.old.partial', '.going.partial', '.growing.partial']) await mkdir(at(name));
    await writeFile(at('.file.partial'), '');
    await writeFile(at('.growing.partial/weights'), 'now');
    for (const name of ['.old.partial', '.growing.partial', '.file.partial'])
      await utimes(at(name), hoursAgo(2), hoursAgo(2));
    await store.prepare();
    const left = (await readdir(artifacts)).filter((name) => name.startsWith('.')).sort();
    assert.deepEqual(left, ['.going.partial', '.growing.partial']);
    assert.notEqual(await store.get(id), undefined);
  });

  it('names a file system without hard links', async () => {
    const store = createFolderStore(folder.at('home-no-links'));
    await store.prepare();
    const fs = process.getBuiltinModule('node:fs') as unknown as { linkSync: unknown };
    const { linkSync } = fs;
    for (const errno of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']) {
      fs.linkSync = () => {
        throw Object.assign(new Error(errno), { code: errno });
      };
      try {
        await assert.rejects(store.claim(key('x'), 'me'), {
          code: 'STORE_UNWRITABLE',
          message: /is on a file system without hard links/,
        });
      } finally {
        fs.linkSync = linkSync;
      }
    }
  });
});
