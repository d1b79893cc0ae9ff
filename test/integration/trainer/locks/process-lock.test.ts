import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startTimeOf } from '../../../../host/process-start';
import { tryLock, type Holder, type Unlock } from '../../../../trainer/locks/process-lock';
import { temporaryFolder } from '../../../support/temporary';

function taken(lock: Unlock | Holder): Unlock {
  if (typeof lock === 'function') return lock;
  throw new Error(`process ${lock.pid} holds it`);
}

const own: Holder = { pid: process.pid, startTime: startTimeOf(process.pid), parentPid: process.ppid };

describe('process locks', () => {
  const folder = temporaryFolder();

  /** A lock left by an earlier process. */
  function leave(name: string, text: string): string {
    const path = folder.at(name);
    mkdirSync(path);
    writeFileSync(join(path, '000000007'), text);
    return path;
  }

  it('name their holder to others, and are free again after a release', () => {
    const unlock = taken(tryLock(folder.at('held')));
    assert.deepEqual(tryLock(folder.at('held')), own);
    unlock();
    taken(tryLock(folder.at('held')))();
  });

  it('are taken over from a dead process, from a reused pid, and from an incomplete file', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const dead = { ...own, pid: child.pid ?? 0 };
    const reused = { ...own, startTime: `${own.startTime ?? ''}0` };
    for (const [name, text] of Object.entries({ dead, reused, torn: null })) {
      const path = leave(name, text === null ? '{"pid":' : JSON.stringify(text));
      taken(tryLock(path))();
    }
    assert.deepEqual(tryLock(leave('alive', JSON.stringify(own))), own);
  });

  it('of one user must be a folder of that user; links in it are ignored', () => {
    const elsewhere = leave('elsewhere', JSON.stringify(own));
    symlinkSync(elsewhere, folder.at('link'));
    assert.throws(() => tryLock(folder.at('link'), { own: true }), { code: 'IO_FAILED', message: /link/ });
    const lock = folder.at('own', 'lock');
    mkdirSync(lock, { recursive: true });
    symlinkSync(join(elsewhere, '000000007'), join(lock, '000000007'));
    taken(tryLock(lock, { own: true }));
    assert.deepEqual(tryLock(lock, { own: true }), own);
    assert.equal(statSync(lock).mode & 0o777, 0o700);
  });

  it('reuse no number, and remove old files', () => {
    for (let n = 0; n < 10; n += 1) taken(tryLock(folder.at('often')))();
    assert.deepEqual(readdirSync(folder.at('often')).sort(), ['000000009', '000000010']);
  });

  it('go to one of many processes that find a dead holder at once', async () => {
    const path = leave('contended', JSON.stringify({ ...own, startTime: 'long ago' }));
    const module = resolve(__dirname, '../../../../dist/trainer/locks/process-lock.js');
    const script = `const { tryLock } = require(${JSON.stringify(module)});
      process.stdin.once('data', () => {
        console.log(typeof tryLock(${JSON.stringify(path)}) === 'function' ? 'mine' : 'held');
        process.stdin.once('data', () => process.exit());
      });
      console.log('ready');`;
    const children = Array.from({ length: 6 }, () => spawn(process.execPath, ['-e', script]));
    const say = (text: string) => children.map(({ stdin }) => stdin.write(text));
    const hear = () =>
      Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]).trim()));
    try {
      await hear();
      const heard = hear();
      say('take\n');
      const said = await heard;
      assert.deepEqual(said.sort(), ['held', 'held', 'held', 'held', 'held', 'mine']);
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  });
});
