import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadUserMember } from '../../../code/load';
import { temporaryFolder } from '../../support/temporary';

describe('a user’s module', () => {
  const folder = temporaryFolder();

  it('runs once where two of its exports are loaded at the same time', async () => {
    const runs = folder.at('runs');
    writeFileSync(
      folder.at('twice.ts'),
      `import { appendFileSync } from 'node:fs';
      appendFileSync('${runs}', 'x');
      const state = {};
      export const one = { state };
      export const two = { state };`,
    );
    const load = (name: string) => loadUserMember(folder.at('twice.ts'), name) as Promise<{ state: object }>;
    const [one, two] = await Promise.all([load('one'), load('two')]);
    assert.equal(one.state, two.state);
    assert.equal(readFileSync(runs, 'utf8'), 'x');
  });
});
