import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { create, Header } from 'tar';
import { bundleLimits, openBundle, packFolder } from '../../../audit';
import { digestFile } from '../../../store';
import { temporaryFolder } from '../../support/temporary';

const about = { experimentId: 'e', packageVersion: 'test' };
const inside = ['store/ledger/experiments/e.jsonl', 'store/artifacts/evaluate-a/items.jsonl'];

/** A hand-made archive entry, which may be invalid. */
function entry(
  fields: { path: string; type?: 'File' | 'SymbolicLink' | 'Link'; linkpath?: string; size?: number },
  data = '',
): Buffer {
  const header = new Header({ mode: 0o600, type: 'File', size: Buffer.byteLength(data), ...fields });
  const block = Buffer.alloc(512);
  header.encode(block);
  const padded = Buffer.alloc(Math.ceil(Buffer.byteLength(data) / 512) * 512);
  padded.write(data);
  return Buffer.concat([block, padded]);
}

const index = (files: object[]): string => JSON.stringify({ format: 1, ...about, files });
const listed = (path: string, bytes = 0): object => ({ path, bytes, sha256: 'a'.repeat(64) });
const ending = Buffer.alloc(1024);

describe('bundles', () => {
  const folder = temporaryFolder();
  let count = 0;

  async function makeFolder(): Promise<string> {
    const dir = folder.at(`folder-${count++}`);
    for (const path of inside) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), `${path}\n`.repeat(300));
    }
    return dir;
  }

  async function archive(...parts: readonly (Buffer | string)[]): Promise<string> {
    const path = folder.at(`archive-${count++}.tar`);
    await writeFile(path, Buffer.concat(parts.map((part) => Buffer.from(part))));
    return path;
  }

  async function assertRefused(path: string, limit: string): Promise<void> {
    await assert.rejects(openBundle(path), { code: 'BUNDLE_REFUSED', details: { path, limit } });
  }

  it('have the packed files, byte for byte, and are the same bytes for the same files', async () => {
    const dir = await makeFolder();
    const [first, second] = [folder.at('first.tar'), folder.at('second.tar')];
    await packFolder(dir, { ...about, paths: inside }, first);
    await packFolder(dir, { ...about, paths: [...inside].reverse() }, second);
    assert.equal(await digestFile(first), await digestFile(second));
    const opened = await openBundle(first);
    assert.deepEqual(opened.findings, []);
    for (const path of inside)
      assert.equal(await readFile(join(opened.home, path), 'utf8'), await readFile(join(dir, path), 'utf8'));
    await opened.close();
    await assert.rejects(readFile(join(opened.home, 'bundle.json')), { code: 'ENOENT' });
  });

  it('with 200,000 entries that the index does not list are refused before any is written', async () => {
    const head = entry({ path: 'bundle.json' }, index([]));
    const one = entry({ path: 'store/x/000000' });
    const many = Buffer.alloc(one.length * 200_000);
    for (let at = 0; at < 200_000; at += 1)
      entry({ path: `store/x/${String(at).padStart(6, '0')}` }).copy(many, at * one.length);
    const path = await archive(head, many, ending);
    const begunMs = performance.now();
    await assertRefused(path, 'entries');
    assert.ok(performance.now() - begunMs < 5000, `${performance.now() - begunMs} ms`);
  });

  it('are not written if they could not be opened again', async () => {
    for (const path of [
      'store/artifacts/evaluate-a/auxiliary/plain chat/items.jsonl',
      'store/.hidden',
      `store/${'x'.repeat(201)}`,
    ]) {
      const dir = await makeFolder();
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), 'x');
      const target = folder.at(`refused-${count++}.tar`);
      await assert.rejects(packFolder(dir, { ...about, paths: [...inside, path] }, target), {
        code: 'BUNDLE_REFUSED',
        details: { limit: 'path-outside' },
      });
      assert.equal(existsSync(target), false);
    }
  });

  async function findingsAfter(change: (dir: string) => Promise<readonly string[]>): Promise<string[]> {
    const dir = await makeFolder();
    await packFolder(dir, { ...about, paths: inside }, folder.at('whole.tar'));
    const paths = await change(dir);
    await create({ cwd: dir, file: folder.at('changed.tar'), portable: true }, ['bundle.json', ...paths]);
    const opened = await openBundle(folder.at('changed.tar'));
    await opened.close();
    return opened.findings.map(({ code, where }) => `${code} ${where}`);
  }

  it('report a file that is missing, changed or not listed', async () => {
    const [ledger = '', items = ''] = inside;
    assert.deepEqual(await findingsAfter(() => Promise.resolve([ledger])), [`bundle-file-missing ${items}`]);
    const changed = await findingsAfter(async (dir) => {
      await appendFile(join(dir, items), 'more');
      return inside;
    });
    assert.deepEqual(changed, [`bundle-file-changed ${items}`]);
    const unlisted = await findingsAfter(async (dir) => {
      await writeFile(join(dir, 'store/more.txt'), 'more');
      return [...inside, 'store/more.txt'];
    });
    assert.deepEqual(unlisted, ['bundle-file-unlisted store/more.txt']);
  });

  for (const path of [
    '../outside',
    '/etc/passwd',
    'store/../../outside',
    'store/./a',
    'elsewhere/a',
    'store/a\\b',
    'store/.hidden',
    'store',
  ])
    it(`refuse the path ${path}, listed or not`, async () => {
      await assertRefused(
        await archive(entry({ path: 'bundle.json' }, index([listed(path)])), ending),
        'path-outside',
      );
      await assertRefused(
        await archive(entry({ path: 'bundle.json' }, index([])), entry({ path }, 'x'), ending),
        'path-outside',
      );
    });

  for (const type of ['SymbolicLink', 'Link'] as const)
    it(`refuse a ${type}`, async () => {
      const link = entry({ path: 'store/a', type, linkpath: '/etc/passwd' });
      await assertRefused(
        await archive(entry({ path: 'bundle.json' }, index([])), link, ending),
        'entry-type',
      );
    });

  it('refuse sizes above their limits before anything is written', async () => {
    const { fileBytes, totalBytes, indexBytes, pathLength } = bundleLimits;
    const of = (files: object[]): Promise<string> =>
      archive(entry({ path: 'bundle.json' }, index(files)), ending);
    await assertRefused(await of([listed('store/a', fileBytes + 1)]), 'file-bytes');
    const many = Math.ceil(totalBytes / fileBytes) + 1;
    await assertRefused(
      await of(Array.from({ length: many }, (_, n) => listed(`store/${n}`, fileBytes))),
      'total-bytes',
    );
    await assertRefused(await of([listed(`store/${'a'.repeat(pathLength)}`)]), 'path-length');
    await assertRefused(await archive(entry({ path: 'bundle.json', size: indexBytes + 1 })), 'index-bytes');
    const big = entry({ path: 'store/a', size: fileBytes + 1 });
    await assertRefused(await archive(entry({ path: 'bundle.json' }, index([])), big), 'file-bytes');
  });

  it('refuse a duplicate entry', async () => {
    const twice = entry({ path: 'store/a' }, 'x');
    await assertRefused(
      await archive(entry({ path: 'bundle.json' }, index([])), twice, twice, ending),
      'entry-twice',
    );
  });

  it('refuse files that are cut short, compressed or not a bundle', async () => {
    const dir = await makeFolder();
    await packFolder(dir, { ...about, paths: inside }, folder.at('cut.tar'));
    const whole = await readFile(folder.at('cut.tar'));
    await assertRefused(await archive(whole.subarray(0, 3000)), 'cut-short');
    await assertRefused(await archive(gzipSync(whole)), 'compressed');
    await assertRefused(await archive(entry({ path: 'other.json' }, '{}'), ending), 'not-a-bundle');
    await assertRefused(
      await archive(entry({ path: 'bundle.json' }, '{"format":2}'), ending),
      'not-a-bundle',
    );
    await assertRefused(await archive('no archive'), 'not-a-bundle');
    await symlink('/nowhere', folder.at('dangling'));
    await assert.rejects(openBundle(folder.at('dangling')), { code: 'INPUT_MISSING' });
  });
});
