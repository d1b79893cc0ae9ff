import assert from 'node:assert/strict';
import { createFolderStore } from '../../../store';
import { temporaryFolder } from '../../support/temporary';

describe('documents of the store', () => {
  const folder = temporaryFolder();

  it('are returned by the digest of their text, and the same text is stored once', async () => {
    const store = createFolderStore(folder.path());
    const value = { cells: [1, 'ä', null] };
    const digest = await store.storeDocument(value);
    assert.equal(await store.storeDocument(value), digest);
    assert.deepEqual(await store.readDocument(digest), value);
  });

  it('are rejected if they are missing or changed', async () => {
    const store = createFolderStore(folder.path());
    await assert.rejects(store.readDocument('0'.repeat(64)), { code: 'INPUT_MISSING' });
    const digest = await store.storeDocument({ a: 1 });
    await store.write({ document: digest }, '{"a":2}');
    await assert.rejects(store.readDocument(digest), { code: 'ARTIFACT_CORRUPT' });
  });
});
