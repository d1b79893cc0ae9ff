import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockWorkFolder } from '../../../trainer/checkpoints/lock';
import { temporaryFolder } from '../../support/temporary';

describe('pure: the lock of a work folder', () => {
  const folder = temporaryFolder();
  const lockOf = (name: string): string => join(folder.at(name), 'lock');

  it('keeps a second one out and names the holder', async () => {
    const unlock = await lockWorkFolder(folder.at('held'));
    await assert.rejects(lockWorkFolder(folder.at('held'), 50), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'IO_FAILED');
      assert.match(error.message, new RegExp(`Process ${process.pid} `));
      return true;
    });
    unlock();
    assert.ok(!existsSync(lockOf('held')));
    (await lockWorkFolder(folder.at('held'), 0))();
  });

  it('waits for one that is given back', async () => {
    const unlock = await lockWorkFolder(folder.at('waited'));
    setTimeout(unlock, 150);
    (await lockWorkFolder(folder.at('waited'), 5000))();
  });

  it('of a dead process is taken over', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    mkdirSync(folder.at('dead'));
    writeFileSync(lockOf('dead'), JSON.stringify({ pid: child.pid, startTime: '1' }));
    const unlock = await lockWorkFolder(folder.at('dead'), 0);
    assert.equal((JSON.parse(readFileSync(lockOf('dead'), 'utf8')) as { pid: number }).pid, process.pid);
    unlock();
  });

  it('of a process whose number went to another is taken over', async () => {
    mkdirSync(folder.at('reused'));
    writeFileSync(lockOf('reused'), JSON.stringify({ pid: process.pid, startTime: '1' }));
    (await lockWorkFolder(folder.at('reused'), 0))();
  });

  it('that was cut short is taken over', async () => {
    mkdirSync(folder.at('torn'));
    writeFileSync(lockOf('torn'), '{"pid":');
    (await lockWorkFolder(folder.at('torn'), 0))();
  });
});
