import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFolderStore } from '../../../store';
import { folderLayout } from '../../../store/folder';
import { temporaryFolder } from '../../support/temporary';

const key = 'a'.repeat(64);

describe('answers in the store', () => {
  const folder = temporaryFolder();

  const keep = (home: string, text: string) => {
    const rows = folder.at('rows.jsonl');
    writeFileSync(rows, text);
    const made = { device: 'cpu', threads: 1, trainer: 'trainer 1', microBatches: [] };
    return createFolderStore(home).storeGenerations(key, { rows, metrics: {}, maxPromptTokens: 1, made });
  };

  it('are stored once if two jobs store them at the same moment', async () => {
    const home = folder.at('twice');
    const both = await Promise.all([keep(home, '{}\n'), keep(home, '{}\n')]);
    assert.equal(both[0].sha256, both[1].sha256);
    assert.equal((await createFolderStore(home).findGenerations(key))?.sha256, both[0].sha256);
  });

  it('do not count if their record or rows are damaged, and can be stored again', async () => {
    const home = folder.at('spoilt');
    const store = createFolderStore(home);
    const { sha256 } = await keep(home, '{}\n');
    for (const name of ['record.json', 'generations.jsonl']) {
      writeFileSync(join(folderLayout(home).generations(key), name), '{');
      assert.equal(await store.findGenerations(key), undefined);
      await keep(home, '{}\n');
      assert.equal((await store.findGenerations(key))?.sha256, sha256);
    }
  });
});
