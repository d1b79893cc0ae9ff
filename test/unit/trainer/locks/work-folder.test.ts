import assert from 'node:assert/strict';
import { lockWorkFolder } from '../../../../trainer/locks/work-folder';
import { temporaryFolder } from '../../../support/temporary';

describe('the lock of a work folder', () => {
  const folder = temporaryFolder();

  it('excludes a second process, naming the holder', async () => {
    const unlock = await lockWorkFolder(folder.at('held'));
    await assert.rejects(lockWorkFolder(folder.at('held'), 50), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'IO_FAILED');
      assert.match(error.message, new RegExp(`Process ${process.pid} `));
      return true;
    });
    unlock();
    (await lockWorkFolder(folder.at('held'), 0))();
  });

  it('waits for a release', async () => {
    const unlock = await lockWorkFolder(folder.at('waited'));
    setTimeout(unlock, 150);
    (await lockWorkFolder(folder.at('waited'), 5000))();
  });
});
