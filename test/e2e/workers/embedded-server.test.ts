import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BudgetlineError } from '../../../core/failures';
import { keeperPath } from '../../../host/package-files';
import { awaitProcessEnd, endProcess, identifyProcess } from '../../../store';
import {
  acquireExecutable,
  ensureServer,
  findRunning,
  listServers,
  stopServers,
} from '../../../workers/embedded-server';
import { readLock, rewriteLock, acquireLock } from '../../../workers/embedded-server/generation-lock';
import { fileId, lsofOpenFiles, openFiles } from '../../../workers/embedded-server/open-files';
import { findProcesses } from '../../../workers/embedded-server/processes';
import { acquisitionLimitMs } from '../../support/temporal';

const codeIs = (code: string) => (error: unknown) => error instanceof BudgetlineError && error.code === code;
const quiet = (): void => undefined;

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

describe('generation lock', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'budgetline-lock-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('lets exactly one of those win that saw the same dead holder', () => {
    const dead = acquireLock({ folder, name: 'server', after: undefined, text: 'dead' });
    const seen = readLock(folder, 'server');
    assert.deepEqual(seen, dead);
    const wins = ['a', 'b', 'c'].map((text) => acquireLock({ folder, name: 'server', after: seen, text }));
    assert.equal(wins.filter((win) => win !== undefined).length, 1);
    assert.equal(readLock(folder, 'server')?.text, 'a');
  });

  it('rejects a number below the newest, even if its file is gone', () => {
    const first = acquireLock({ folder, name: 'server', after: undefined, text: '1' });
    const second = acquireLock({ folder, name: 'server', after: first, text: '2' });
    const third = acquireLock({ folder, name: 'server', after: second, text: '3' });
    assert.equal(acquireLock({ folder, name: 'server', after: first, text: 'late' }), undefined);
    assert.deepEqual(readLock(folder, 'server'), third);
    assert.equal(readdirSync(folder).length, 1);
  });

  it('replaces the holder’s record without a moment of having none', () => {
    const lock = acquireLock({ folder, name: 'server', after: undefined, text: 'before' });
    assert.ok(lock);
    rewriteLock(lock, 'after');
    assert.equal(readLock(folder, 'server')?.text, 'after');
  });
});

describe('processes', () => {
  it('finds a running process, and ends it', async () => {
    const child = spawn('sleep', ['71.25'], { stdio: 'ignore' });
    const identity = await identifyProcess(child.pid ?? 0);
    assert.ok(identity);
    assert.deepEqual(await findProcesses(['sleep', '71.25']), [identity]);
    await endProcess(identity, { graceMs: 2_000 });
    assert.equal(await identifyProcess(identity.pid), undefined);
  });
});

describe('open files', () => {
  it('are identified by inode, also after they were renamed or removed, by /proc and by lsof', async function () {
    const folder = mkdtempSync(join(tmpdir(), 'budgetline-open-'));
    const [kept, lost] = [join(folder, 'kept'), join(folder, 'lost')];
    const child = spawn('sh', ['-c', `exec 8>"${kept}" 9>"${lost}"; exec sleep 71.5`], { stdio: 'ignore' });
    try {
      const pid = child.pid ?? 0;
      while (!existsSync(lost)) await new Promise((resolve) => setTimeout(resolve, 10));
      const ids = [kept, lost].map(fileId);
      renameSync(kept, join(folder, 'renamed'));
      rmSync(lost);
      const found = spawnSync('lsof', ['-v']).error === undefined ? [openFiles, lsofOpenFiles] : [openFiles];
      for (const list of found) {
        const links = ids.map((id) => list(pid).find((file) => file.id === id)?.links);
        assert.deepEqual(links, [1, 0]);
      }
      assert.equal(fileId(join(folder, 'renamed')), ids[0]);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});

describe('acquiring Temporal', () => {
  it('says what to install if there is nothing and fetching is forbidden', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'budgetline-empty-'));
    const env = { PATH: empty, XDG_CACHE_HOME: empty, BUDGETLINE_TEMPORAL_FETCH: 'never' };
    await assert.rejects(acquireExecutable({ env, onProgress: quiet }), codeIs('TEMPORAL_MISSING'));
    assert.deepEqual(readdirSync(empty), []);
    rmSync(empty, { recursive: true });
  });

  it('skips a program of that name that is not a server', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'budgetline-path-'));
    writeFileSync(join(folder, 'temporal'), '#!/bin/sh\necho temporal version 1.0\n', { mode: 0o755 });
    const cached = join(folder, 'budgetline', 'temporal', 'v9');
    mkdirSync(cached, { recursive: true });
    const script = '#!/bin/sh\necho "temporal version 0.0.0-DEV (Server 9.8.7, UI 1.0.0)"\n';
    writeFileSync(join(cached, 'temporal'), script, { mode: 0o755 });
    const env = { PATH: `${folder}:/bin`, XDG_CACHE_HOME: folder };
    const found = await acquireExecutable({ env, onProgress: quiet });
    assert.equal(found.how, 'cache');
    assert.equal(found.serverVersion, '9.8.7');
    rmSync(folder, { recursive: true });
  });

  it('uses the newest of the cached programs, a release before its candidates', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'budgetline-cache-'));
    const env = { PATH: '/bin', XDG_CACHE_HOME: folder, BUDGETLINE_TEMPORAL_FETCH: 'never' };
    const taken: string[] = [];
    for (const version of ['v1.9.0', 'v1.10.0-rc.2', 'v1.10.0-rc.10', 'v1.10.0', 'v1.10.1']) {
      const cached = join(folder, 'budgetline', 'temporal', version);
      mkdirSync(cached, { recursive: true });
      const script = `#!/bin/sh\necho "temporal version ${version} (Server 1.31.0, UI 2.49.0)"\n`;
      writeFileSync(join(cached, 'temporal'), script, { mode: 0o755 });
      const { path } = await acquireExecutable({ env, onProgress: quiet });
      taken.push(path.split('/').at(-2) ?? '');
    }
    assert.deepEqual(taken, ['v1.9.0', 'v1.10.0-rc.2', 'v1.10.0-rc.10', 'v1.10.0', 'v1.10.1']);
    rmSync(folder, { recursive: true });
  });
});

describe('the embedded Temporal server', function () {
  this.timeout(acquisitionLimitMs);
  let home: string;
  const ensure = (env: NodeJS.ProcessEnv = process.env) => ensureServer({ home, env, onProgress: quiet });
  before(() => (home = mkdtempSync(join(tmpdir(), 'budgetline-server-'))));
  after(async () => {
    await stopServers(home);
    rmSync(home, { recursive: true, force: true });
  });

  it('starts one server for two callers at once, and attaches a third', async () => {
    const servers = await Promise.all([ensure(), ensure()]);
    assert.deepEqual(servers.map(({ started }) => started).sort(), [false, true]);
    assert.equal(servers[0].pid, servers[1].pid);
    const third = await ensure();
    assert.equal(third.pid, servers[0].pid);
    assert.equal((await findProcesses(['start-dev', third.databasePath])).length, 1);
  });

  it('starts one for each of two homes that start at the same moment, on different ports', async () => {
    const homes = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'budgetline-server-')));
    const options = { env: process.env, onProgress: quiet };
    try {
      const servers = await Promise.all(homes.map((each) => ensureServer({ home: each, ...options })));
      assert.notEqual(servers[0]?.address, servers[1]?.address);
      assert.notEqual(servers[0]?.pid, servers[1]?.pid);
    } finally {
      await Promise.all(homes.map(stopServers));
      for (const each of homes) rmSync(each, { recursive: true, force: true });
    }
  });

  it('starts again on the same database and port after the server was killed', async () => {
    const previous = await ensure();
    process.kill(previous.pid, 'SIGKILL');
    const after = await ensure();
    assert.notEqual(after.pid, previous.pid);
    assert.equal(after.databasePath, previous.databasePath);
    assert.equal(after.address, previous.address, 'clients and workers that wait for it look there');
    assert.ok(after.started);
  });

  it('ends a server on its database that has no lock record', async () => {
    const server = await ensure();
    const { folder, text } = lockOf(server.databasePath);
    const record = JSON.parse(text) as { starter: { pid: number } };
    record.starter.pid = 999_999_999;
    const lock = readLock(folder, 'server');
    assert.ok(lock);
    rewriteLock(lock, JSON.stringify({ ...record, state: 'starting', server: undefined }));
    const next = await ensure();
    assert.notEqual(next.pid, server.pid);
    assert.equal((await findProcesses(['start-dev', next.databasePath])).length, 1);
  });

  it('is not the server of a copied home, which has its own server', async () => {
    const original = await ensure();
    const copy = `${home}-copy`;
    try {
      cpSync(home, copy, { recursive: true });
      const [{ state, pid } = {}] = await listServers(copy);
      assert.deepEqual([state, pid], ['stopped', undefined]);
      assert.deepEqual(await stopServers(copy), []);
      const own = await ensureServer({ home: copy, env: process.env, onProgress: quiet });
      assert.ok(own.started);
      assert.notEqual(own.address, original.address);
      assert.deepEqual(await stopServers(copy), [own.pid]);
      assert.equal((await findRunning(home))?.pid, original.pid);
    } finally {
      await stopServers(copy);
      rmSync(copy, { recursive: true, force: true });
    }
  });

  it('is found through a link to its home, and after the home was renamed; a new home of the old name starts its own', async () => {
    const original = await ensure();
    const [link, moved] = [`${home}-link`, `${home}-moved`];
    const at = (path: string) => ensureServer({ home: path, env: process.env, onProgress: quiet });
    symlinkSync(home, link);
    renameSync(home, moved);
    try {
      const found = await at(moved);
      assert.deepEqual([found.pid, found.started], [original.pid, false]);
      // The link points to the old name, which no longer exists.
      const fresh = await at(home);
      assert.ok(fresh.started);
      assert.equal((await at(link)).pid, fresh.pid);
      assert.equal((await findRunning(moved))?.pid, original.pid, 'it keeps running');
      assert.deepEqual(await stopServers(home), [fresh.pid]);
      assert.deepEqual(await stopServers(moved), [original.pid]);
    } finally {
      await Promise.all([home, moved].map(stopServers));
      for (const path of [link, home]) rmSync(path, { recursive: true, force: true });
      renameSync(moved, home);
    }
  });

  it('ends the server of a home that was removed, when another home is created in its place', async () => {
    const lost = await ensure();
    rmSync(home, { recursive: true });
    const next = await ensure();
    assert.ok(next.started);
    assert.equal(await identifyProcess(lost.pid), undefined);
  });

  it('ends when its home is removed, though no command runs', async () => {
    const lost = await ensure();
    const identity = await identifyProcess(lost.pid);
    assert.ok(identity);
    rmSync(home, { recursive: true });
    assert.equal(await awaitProcessEnd(identity, 15_000), true);
    while ((await findProcesses([keeperPath, String(lost.pid)])).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 100));
    mkdirSync(home);
  });

  it('gets no variable of ours but those that any process needs', async () => {
    const env = { ...process.env, OPENAI_API_KEY: 'secret', AWS_SESSION_TOKEN: 'secret', LANG: 'C' };
    const folder = mkdtempSync(join(tmpdir(), 'budgetline-server-'));
    try {
      const { pid } = await ensureServer({ home: folder, env, onProgress: quiet });
      if (process.platform !== 'linux') return;
      const names = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
      assert.deepEqual(
        names.filter((each) => !/^(PATH|HOME|TMPDIR|LANG|LC_ALL|TZ|XDG_CACHE_HOME)=/.test(each)),
        [],
      );
      assert.ok(names.includes('LANG=C'));
    } finally {
      await stopServers(folder);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('says that a path is too long for its database', async () => {
    const long = join(home, ...Array.from({ length: 9 }, () => 'd'.repeat(60)));
    const { code, message } = await ensureServer({ home: long, env: process.env, onProgress: quiet }).then(
      () => assert.fail('it started'),
      (error: unknown) => error as BudgetlineError,
    );
    assert.equal(code, 'STORE_UNWRITABLE');
    assert.match(message, /has \d+ bytes; SQLite opens at most 500/);
    assert.equal(existsSync(long), false);
  });

  it('is one for all: a program of another version attaches to the running server', async () => {
    const first = await ensure();
    const folder = mkdtempSync(join(tmpdir(), 'budgetline-path-'));
    const script = '#!/bin/sh\necho "temporal version 9.9.9 (Server 9.9.9, UI 1.0.0)"\n';
    writeFileSync(join(folder, 'temporal'), script, { mode: 0o755 });
    try {
      const other = await ensure({ ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` });
      assert.deepEqual([other.pid, other.started], [first.pid, false]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is the newest of several that run', async () => {
    const older = await ensure();
    const folder = mkdtempSync(join(tmpdir(), 'budgetline-path-'));
    const version = '10.0.0';
    const script = `#!/bin/sh\n[ "$1" = --version ] && echo "temporal (Server ${version}, UI 1)" && exit\nexec "${older.program}" "$@"\n`;
    writeFileSync(join(folder, 'temporal'), script, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const elsewhere = mkdtempSync(join(tmpdir(), 'budgetline-server-'));
    try {
      // Homes could have several from when each version had its own server: made elsewhere, moved into the
      // home.
      const newer = await ensureServer({ home: elsewhere, env, onProgress: quiet });
      renameSync(join(elsewhere, 'temporal', version), join(home, 'temporal', version));
      assert.deepEqual(
        (await listServers(home)).map(({ state }) => state),
        ['running', 'running'],
      );
      assert.equal((await findRunning(home))?.pid, newer.pid);
      assert.equal((await ensure()).pid, newer.pid);
      assert.deepEqual((await stopServers(home)).sort(), [newer.pid, older.pid].sort());
    } finally {
      await stopServers(home);
      const ofNewer = join(home, 'temporal', version);
      for (const path of [folder, elsewhere, ofNewer]) rmSync(path, { recursive: true, force: true });
    }
  });

  it('reports its state and stops, leaving the database', async () => {
    const server = await ensure();
    assert.deepEqual(
      (await listServers(home)).map(({ state, pid }) => ({ state, pid })),
      [{ state: 'running', pid: server.pid }],
    );
    assert.deepEqual(await stopServers(home), [server.pid]);
    assert.equal((await listServers(home))[0]?.state, 'stopped');
    assert.ok(existsSync(server.databasePath));
  });

  it('names a port that is taken', async () => {
    const taken = await listen();
    const { port } = taken.address() as AddressInfo;
    const env = { ...process.env, BUDGETLINE_TEMPORAL_PORT: String(port) };
    await assert.rejects(ensure(env), (error: Error) => {
      return codeIs('PORT_IN_USE')(error) && error.message.includes(String(port));
    });
    taken.close();
  });
});

function lockOf(databasePath: string): { folder: string; text: string } {
  const folder = join(databasePath, '..');
  return { folder, text: readLock(folder, 'server')?.text ?? '' };
}
