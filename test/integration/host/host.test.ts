import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import {
  isOwnFolder,
  makeOwnFolder,
  readOwnFile,
  readPlainFile,
  warnIfShared,
} from '../../../host/own-files';
import { psStartTime, startTimeOf } from '../../../host/process-start';
import { createExclusive } from '../../../host/whole-file';
import { temporaryFolder } from '../../support/temporary';

describe('this host', () => {
  const folder = temporaryFolder();

  for (const [way, startTime] of Object.entries({
    'by /proc or ps': startTimeOf,
    'by ps alone': psStartTime,
  }))
    it(`distinguishes processes ${way}`, () => {
      assert.notEqual(startTime(process.pid), null);
      assert.equal(startTime(process.pid), startTime(process.pid));
      assert.equal(startTime(2 ** 22 + 1), null);
    });

  it('creates a folder that only its user may access, also if it was open to all', () => {
    const path = folder.at('own');
    const modeOf = () => statSync(path).mode & 0o777;
    assert.deepEqual([isOwnFolder(path), makeOwnFolder(path), modeOf()], [false, true, 0o700]);
    chmodSync(path, 0o777);
    assert.deepEqual([makeOwnFolder(path), modeOf(), isOwnFolder(path)], [true, 0o700, true]);
  });

  it('reads plain files only, without waiting for a pipe', async () => {
    const [text, pipe] = [folder.at('plain'), folder.at('pipe')];
    writeFileSync(text, 'one');
    execFileSync('mkfifo', [pipe]);
    assert.equal(await readPlainFile(text), 'one');
    assert.equal(await readPlainFile(folder.at('missing')), undefined);
    for (const path of [pipe, folder.at('.'), '/dev/null'])
      await assert.rejects(readPlainFile(path), {
        code: 'DATA_INVALID',
        message: `${path} is not a plain file.`,
      });
  });

  it('warns about a key that others may read', async () => {
    const path = folder.at('key');
    const warnings: string[] = [];
    const note = ({ message }: Error): number => warnings.push(message);
    process.on('warning', note);
    writeFileSync(path, 'key', { mode: 0o600 });
    warnIfShared(path);
    chmodSync(path, 0o640);
    warnIfShared(path);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    assert.deepEqual(warnings, [
      `${path} holds a key, and other users may read it (mode 640). Run: chmod 600 ${path}`,
    ]);
  });

  it('does not accept links or pipes as folders or files', () => {
    const at = (name: string) => folder.at('files', name);
    mkdirSync(folder.at('files'));
    writeFileSync(at('file'), 'text');
    symlinkSync(at('file'), at('link'));
    symlinkSync(folder.at('files'), at('folder-link'));
    execFileSync('mkfifo', [at('pipe')]);
    const texts = ['file', 'link', 'pipe', 'nothing'].map((name) => readOwnFile(at(name)));
    assert.deepEqual(texts, ['text', null, null, null]);
    const folders = ['file', 'folder-link'].map((name) => makeOwnFolder(at(name)));
    assert.deepEqual(folders, [false, false]);
  });

  it('creates a file once, leaves nothing next to it, and does not write through a link', () => {
    const path = folder.at('once', 'file');
    mkdirSync(folder.at('once'));
    const partial = `${path}.${process.pid}.partial`;
    symlinkSync(folder.at('elsewhere'), partial);
    assert.deepEqual([createExclusive(path, 'first'), createExclusive(path, 'second')], [true, false]);
    assert.equal(readFileSync(path, 'utf8'), 'first');
    assert.deepEqual(readdirSync(folder.at('once')), ['file']);
  });
});
