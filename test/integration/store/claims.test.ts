import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFolderStore, isProcessAlive, identifyProcess, type Claim, type Store } from '../../../store';
import { folderLayout } from '../../../store/folder';
import { temporaryFolder } from '../../support/temporary';

const key = (name: string): string => createHash('sha256').update(name).digest('hex');

async function claimed(store: Store, name: string): Promise<Claim> {
  const outcome = await store.claim(key(name), 'test');
  assert.ok('claim' in outcome, 'the claim is free');
  return outcome.claim;
}

describe('claims', () => {
  const folder = temporaryFolder();

  async function otherHolder(name: string, leaseMs: number): Promise<{ child: ChildProcess; fence: number }> {
    const script = resolve(__dirname, '../../support/claim-holder.ts');
    const args = ['-r', 'ts-node/register/transpile-only', script, folder.path(), key(name), String(leaseMs)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, fence: Number(chunk.toString()) };
  }

  it('go to one taker, however many ask at once; the others learn who holds it', async () => {
    const store = createFolderStore(folder.path());
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.claim(key('many'), 'test')));
    const claims = outcomes.flatMap((outcome) => ('claim' in outcome ? [outcome.claim] : []));
    assert.equal(claims.length, 1);
    const holders = outcomes.flatMap((outcome) => ('heldBy' in outcome ? [outcome.heldBy.process.pid] : []));
    assert.deepEqual(new Set(holders), new Set([process.pid]));
    await claims[0]?.release();
  });

  it('have fences that increase with every holder, also after a release', async () => {
    const store = createFolderStore(folder.path());
    const fences: number[] = [];
    for (let n = 0; n < 5; n++) {
      const claim = await claimed(store, 'growing');
      fences.push(claim.fence);
      await claim.release();
    }
    assert.deepEqual(fences, [1, 2, 3, 4, 5]);
    assert.ok(
      (await readdir(folderLayout(store.name).claims(key('growing')))).length <= 2,
      'older fences are removed',
    );
  });

  it('are renewed while held, for longer than their lease', async () => {
    const store = createFolderStore(folder.path(), { leaseMs: 200 });
    const claim = await claimed(store, 'renewed');
    await sleep(500);
    assert.ok('heldBy' in (await store.claim(key('renewed'), 'test')));
    await claim.check();
    await claim.release();
  });

  it('of a killed process of this host pass on at once, not when the lease ends', async () => {
    const store = createFolderStore(folder.path());
    const { child, fence } = await otherHolder('killed', 600_000);
    assert.ok('heldBy' in (await store.claim(key('killed'), 'test')));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const claim = await claimed(store, 'killed');
    assert.equal(claim.fence, fence + 1);
    await claim.release();
  });

  it('of a stopped process pass on when the lease ends, and the process notices when it continues', async () => {
    const store = createFolderStore(folder.path(), { leaseMs: 400 });
    const { child } = await otherHolder('stopped', 400);
    child.kill('SIGSTOP');
    await sleep(500);
    const claim = await claimed(store, 'stopped');
    child.kill('SIGCONT');
    await sleep(300);
    await claim.check();
    assert.equal(claim.lost.aborted, false, 'the older holder did not renew over the newer one');
    child.kill('SIGKILL');
    await claim.release();
  });

  it('report the loss to a fenced-out holder: check throws and the signal fires', async () => {
    const store = createFolderStore(folder.path(), { leaseMs: 200 });
    const claim = await claimed(store, 'fenced');
    const dir = folderLayout(store.name).claims(key('fenced'));
    await copyFile(join(dir, '000000001.json'), join(dir, '000000002.json'));
    await sleep(150);
    assert.equal(claim.lost.aborted, true);
    await assert.rejects(claim.check(), { code: 'CLAIM_LOST' });
  });

  it('distinguish a process from a later one with the same id', async () => {
    const identity = await identifyProcess(process.pid);
    assert.ok(identity !== undefined);
    assert.equal(await isProcessAlive(identity), true);
    const replaced = { ...identity, startTime: `${identity.startTime}9` };
    assert.equal(await isProcessAlive(replaced), false);
    assert.equal(await isProcessAlive({ ...identity, host: 'another-host' }), undefined);
  });
});
