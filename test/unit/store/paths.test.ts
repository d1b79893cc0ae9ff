import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(__dirname, '../../..');
const notProduct = new Set(['bench', 'docs', 'examples', 'node_modules', 'dist', 'scripts', 'test']);

const sourcesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name.startsWith('.') || notProduct.has(entry.name) ? [] : sourcesIn(path);
    return entry.name.endsWith('.ts') ? [relative(root, path)] : [];
  });

const parts = 'artifacts|claims|ledger|histories|anchors|documents|generations|annotations|code|runs';
const asPath = new RegExp(
  [`join\\([^;]*?['"\`](${parts})['"\`]`, `['"\`/]store/(${parts})\\b`, `\\b(${parts})/\\$\\{`].join('|'),
  's',
);
const importOfLayout = /from '[./]+(store\/)?folder(\/\w+)?'/;
const comments = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;

const usesPaths = (source: string): boolean => asPath.test(source.replace(comments, ''));

describe('paths of the store', () => {
  const sources = sourcesIn(root).filter((path) => !path.startsWith(join('store', 'folder')));
  const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

  it('are found if a file joins them', () => {
    assert.ok(usesPaths("join(home, 'store', 'artifacts', key)"));
    assert.ok(usesPaths('const at = `store/ledger/stages/${key}.jsonl`;'));
    assert.ok(usesPaths(textOf(join('store', 'folder', 'layout.ts'))));
    assert.ok(!usesPaths('/** see store/artifacts/x */ const artifacts = join(home, name);'));
  });

  it('are joined by store/folder alone; scratch space is named by host/home.ts', () => {
    assert.ok(sources.length > 300, `${sources.length} files`);
    const found = sources.filter((path) => usesPaths(textOf(path)));
    assert.deepEqual(found, [join('host', 'home.ts')]);
  });

  it('are unknown to other rooms: none imports store/folder', () => {
    const found = sources.filter((path) => importOfLayout.test(textOf(path)));
    assert.deepEqual(found, [join('store', 'index.ts')]);
  });
});
