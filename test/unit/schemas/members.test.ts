import assert from 'node:assert/strict';
import { pinnedMember } from '../../../schemas/members';

describe('a pinned member of a user', () => {
  const accepts = (path: string): boolean =>
    pinnedMember.safeParse({ path, export: 'margin', digest: '0'.repeat(64) }).success;

  it('has an absolute path, which names no loader and no text', () => {
    for (const path of ['/home/a b/loss.ts', 'C:\\losses\\loss.ts', 'D:/loss.ts'])
      assert.ok(accepts(path), path);
    for (const path of [
      'loss.ts',
      './loss.ts',
      '/loader.js!/loss.ts',
      'data:text/javascript,1',
      'file:///a.ts',
      '',
    ])
      assert.equal(accepts(path), false, path);
  });
});
