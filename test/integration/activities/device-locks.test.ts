import { strict as assert } from 'node:assert';
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { deviceLocks, endOrphans, prepareDeviceLocks } from '../../../activities/trainer-process/devices';
import { endOlderTrainer } from '../../../activities/trainer-process/pid-file';
import { identifyProcess } from '../../../store';
import { temporaryFolder } from '../../support/temporary';

/** A user id that owns no process and no file. */
const otherUser = 65_534;
const isRoot = process.getuid?.() === 0;
const graceMs = 2_000;

describe('locks of devices', () => {
  const folder = temporaryFolder();
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** A process that does nothing and was started with these last arguments. */
  async function idle(args: readonly string[], uid = process.getuid?.() ?? 0) {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', ...args], {
      detached: true,
      stdio: 'ignore',
      ...(isRoot ? { uid } : {}),
    });
    children.push(child);
    await once(child, 'spawn');
    const identity = await identifyProcess(child.pid ?? 0);
    assert.ok(identity !== undefined);
    return identity;
  }

  /** A job file in a run folder. */
  function makeJob(run: string): string {
    const path = folder.at('store', run, 'job.json');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '{}');
    return path;
  }

  type Named = Awaited<ReturnType<typeof idle>>;

  /** A lock that names a holder, with or without a living supervisor. */
  function leaveLock(name: string, { pid, startTime }: Named, parentPid = process.pid + 1): string {
    const lock = folder.at('devices', name);
    mkdirSync(lock, { recursive: true });
    writeFileSync(join(lock, '000000003'), JSON.stringify({ pid, startTime, parentPid }));
    return lock;
  }

  const leavePidFile = (run: string, named: Named): void =>
    writeFileSync(folder.at('store', run, 'trainer.pid.json'), JSON.stringify(named));

  async function assertLives(named: Named, lives: boolean, what: string): Promise<void> {
    assert.equal((await identifyProcess(named.pid)) !== undefined, lives, what);
  }

  const endAll = (locks: readonly string[]) => endOrphans(locks, { folder: folder.at('store'), graceMs });

  it('are in a folder per user; a GPU has one, and each home has its own CPU slots', () => {
    const home = folder.at('home');
    const [gpu = '', ...others] = deviceLocks({ env: { CUDA_VISIBLE_DEVICES: 'GPU-8f0e' }, home, slots: 4 });
    assert.match(gpu, new RegExp(`budgetline-devices-${process.getuid?.() ?? 'user'}/GPU-8f0e$`));
    assert.deepEqual(others, []);
    const [strange = ''] = deviceLocks({ env: { CUDA_VISIBLE_DEVICES: '../x' }, home, slots: 1 });
    assert.equal(strange.includes('/..'), false);
    const slots = [home, folder.at('other')].flatMap((of) => deviceLocks({ env: {}, home: of, slots: 64 }));
    assert.ok(slots.length >= 128 && new Set(slots).size === slots.length);
  });

  it('end a trainer of this store that has lost its supervisor, and no other process', async () => {
    const job = makeJob('orphan');
    const elsewhere = folder.at('elsewhere.json');
    writeFileSync(elsewhere, '{}');
    symlinkSync(elsewhere, folder.at('store', 'link.json'));
    const trainer = await idle(['sft', job]);
    const others = {
      'has its supervisor': await idle(['sft', job]),
      'runs no command of a trainer': await idle(['edit', job]),
      'has a job of another store': await idle(['sft', elsewhere]),
      'has a job behind a link': await idle(['sft', folder.at('store', 'link.json')]),
      'has no job': await idle([]),
    };
    const locks = Object.entries(others).map(([name, named], index) =>
      leaveLock(name, named, index === 0 ? process.pid : undefined),
    );
    await endAll([leaveLock('orphan', trainer), ...locks, folder.at('devices', 'none')]);
    await assertLives(trainer, false, 'orphan');
    for (const [name, named] of Object.entries(others)) await assertLives(named, true, name);
  });

  it('ignore links to a folder or to a file', async () => {
    const trainer = await idle(['sft', makeJob('linked')]);
    const real = leaveLock('real', trainer);
    symlinkSync(real, folder.at('devices', 'folder-link'));
    mkdirSync(folder.at('devices', 'file-link'));
    symlinkSync(join(real, '000000003'), folder.at('devices', 'file-link', '000000003'));
    await endAll(['folder-link', 'file-link'].map((name) => folder.at('devices', name)));
    await assertLives(trainer, true, 'it was named only by links');
    await endAll([real]);
    await assertLives(trainer, false, 'it was named by a file');
  });

  it('are refused if their folder is a link', async () => {
    mkdirSync(folder.at('target'));
    symlinkSync(folder.at('target'), folder.at('user-link'));
    await assert.rejects(prepareDeviceLocks([folder.at('user-link', 'gpu')]), {
      code: 'STORE_UNWRITABLE',
      message: /user-link is not a folder of this user/,
      remedy: /TMPDIR/,
    });
    assert.deepEqual(readdirSync(folder.at('target')), []);
  });

  it('a file in a run folder ends the trainer that it names, and no other process', async () => {
    const [mine, innocent] = [await idle(['sft', makeJob('mine')]), await idle(['sft', makeJob('theirs')])];
    for (const [named, lives] of [
      [mine, false],
      [innocent, true],
    ] as const) {
      leavePidFile('mine', named);
      await endOlderTrainer(folder.at('store', 'mine'), graceMs);
      await assertLives(named, lives, `process ${named.pid}`);
    }
  });

  it('ignore files and processes of other users', async function () {
    if (!isRoot) this.skip();
    const job = makeJob('users');
    for (const path of [folder.path(), folder.at('store'), dirname(job)]) chmodSync(path, 0o755);
    const [mine, theirs] = [await idle(['sft', job]), await idle(['sft', job], otherUser)];
    const planted = leaveLock('planted', mine);
    chownSync(join(planted, '000000003'), otherUser, otherUser);
    const taken = leaveLock('taken', mine);
    chownSync(taken, otherUser, otherUser);
    await endAll([planted, taken, leaveLock('theirs', theirs)]);
    leavePidFile('users', theirs);
    await endOlderTrainer(folder.at('store', 'users'), graceMs);
    leavePidFile('users', mine);
    chownSync(folder.at('store', 'users', 'trainer.pid.json'), otherUser, otherUser);
    await endOlderTrainer(folder.at('store', 'users'), graceMs);
    await assertLives(mine, true, 'named by another user');
    await assertLives(theirs, true, 'of another user');
    await assert.rejects(prepareDeviceLocks([join(taken, 'gpu')]), { code: 'STORE_UNWRITABLE' });
  });
});

describe('two users of a host', () => {
  const folder = temporaryFolder();
  const root = resolve(__dirname, '../../..');

  it('train one after the other, on one device', async function () {
    const canRead = spawnSync(
      process.execPath,
      ['-e', 'require(process.argv[1])', join(root, 'package.json')],
      {
        ...(isRoot ? { uid: otherUser } : {}),
      },
    );
    if (!isRoot || canRead.status !== 0) this.skip();
    chmodSync(folder.path(), 0o1777);
    for (const uid of [0, otherUser]) {
      const home = folder.at(String(uid));
      mkdirSync(home);
      chownSync(home, uid, uid);
      const user = [join('test', 'support', 'training-user.ts'), home];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['-r', 'ts-node/register/transpile-only', ...user],
        { cwd: root, uid, gid: uid, env: { ...process.env, HOME: home, TMPDIR: folder.path() } },
      );
      assert.equal(stdout, 'generations.jsonl\n');
    }
    const names = readdirSync(folder.path()).filter((name) => name.startsWith('budgetline-devices'));
    assert.deepEqual(names, ['budgetline-devices-0', `budgetline-devices-${otherUser}`]);
  });
});
