import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { removeStaleOutputs } from '../../../scripts/stale-outputs';
import { temporaryFolder } from '../../support/temporary';

describe('a build over an earlier one', () => {
  const folder = temporaryFolder();

  function write(...path: string[]): void {
    mkdirSync(dirname(folder.at(...path)), { recursive: true });
    writeFileSync(folder.at(...path), '');
  }

  it('removes the outputs of a file that has become a folder, and nothing else', () => {
    write('room', 'noun', 'index.ts');
    for (const ending of ['js', 'js.map', 'd.ts'])
      for (const name of ['noun', 'noun/index']) write('dist', 'room', `${name}.${ending}`);
    const others = ['.sources', 'bundle.js', 'bundle.js.partial'];
    for (const name of others) write('dist', name);
    const places = { root: folder.path(), dist: folder.at('dist'), products: ['bundle.js'] };
    const removed = ['room/noun.d.ts', 'room/noun.js', 'room/noun.js.map'];
    assert.deepEqual(removeStaleOutputs(places), removed);
    assert.deepEqual(removeStaleOutputs(places), []);
    assert.deepEqual(readdirSync(folder.at('dist')).sort(), [...others, 'room']);
    const found = createRequire(folder.at('dist', 'main.js')).resolve('./room/noun');
    assert.equal(found, folder.at('dist', 'room', 'noun', 'index.js'));
  });
});
