import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');
const folder = join('docs', 'contributing');
const pages = [...readdirSync(join(root, folder)).map((name) => join(folder, name)), 'CONTRIBUTING.md'];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Code blocks that stand under the name of their file. */
function shownFiles(page: string): { path: string; language: string; code: string }[] {
  const blocks = read(page).matchAll(/`([\w./-]+\.ts)`[^\n`]*:\n\n```(ts|diff)\n([\s\S]*?)```/g);
  return [...blocks].map(([, path = '', language = '', code = '']) => ({ path, language, code }));
}

const pathIn = /`((?:[\w-]+\/)+[\w.-]+\.\w+|(?:[\w-]+\/)+)`/g;

describe('docs/pipelines.md', () => {
  const page = 'docs/pipelines.md';

  it('shows code as its files have it', () => {
    const shown = shownFiles(page);
    assert.equal(shown.length, [...read(page).matchAll(/^```ts$/gm)].length, 'each block has its file');
    for (const { path, code } of shown) assert.ok(read(path).includes(code), `${path} has no\n${code}`);
  });
});

describe('pages for contributors', () => {
  const shown = pages.flatMap(shownFiles);

  it('show files as they are', () => {
    const whole = shown.filter(({ language }) => language === 'ts');
    assert.ok(whole.length >= 4);
    for (const { path, code } of whole) assert.equal(code, read(path), path);
  });

  it('show lines that their files have', () => {
    const diffs = shown.filter(({ language }) => language === 'diff');
    assert.ok(diffs.length >= 8);
    for (const { path, code } of diffs) {
      const lines = read(path).split('\n');
      for (const line of code.split('\n').filter((each) => each.startsWith('+')))
        assert.ok(lines.includes(line.slice(1)), `${path} has no line ${line.slice(1)}`);
    }
  });

  it('name files and folders that exist', () => {
    for (const page of [...pages, 'docs/pipelines.md'])
      for (const [, path = ''] of read(page).matchAll(pathIn))
        assert.ok(existsSync(join(root, path)), `${page} names ${path}`);
  });
});
