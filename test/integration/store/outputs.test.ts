import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { outputMark } from '../../../core/output-mark';
import { writeOutput, writeOutputFolder, writeOutputs } from '../../../store';
import { temporaryFolder } from '../../support/temporary';

describe('files that a user named', () => {
  const folder = temporaryFolder();
  const taken = (path: string) => ({ code: 'OUTPUT_EXISTS', message: new RegExp(basename(path)) });
  const write = (path: string, text: string, force = false) =>
    writeOutput(path, (partial) => writeFile(partial, text), { force });
  const fill = (text: string) => (partial: string) => writeFile(`${partial}/a.txt`, text);

  it('are written atomically, with their folder; equal content changes nothing, other content is refused', async () => {
    const path = folder.at('new/x.csv');
    await write(path, 'one');
    await write(path, 'one');
    await assert.rejects(write(path, 'two'), taken(path));
    assert.equal(readFileSync(path, 'utf8'), 'one');
    await write(path, 'two', true);
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.deepEqual(readdirSync(folder.at('new')), ['x.csv']);
  });

  it('leave files of similar names, links and folders alone', async () => {
    const path = folder.at('y.tar');
    writeFileSync(`${path}.partial`, 'mine');
    await write(path, 'one');
    assert.equal(readFileSync(`${path}.partial`, 'utf8'), 'mine');
    const link = folder.at('dangling');
    symlinkSync(folder.at('nowhere'), link);
    await assert.rejects(write(link, 'one'), taken(link));
    mkdirSync(folder.at('folder'));
    await assert.rejects(write(folder.at('folder'), 'one', true), taken(folder.at('folder')));
  });

  it('never replace a link, pipe or device, even with force', async () => {
    const [target, link, pipe] = ['target', 'link', 'pipe'].map((name) => folder.at(name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(target, 'mine');
    symlinkSync(target, link);
    execFileSync('mkfifo', [pipe]);
    for (const path of [link, pipe]) await assert.rejects(write(path, 'one', true), taken(path));
    assert.equal(readFileSync(link, 'utf8'), 'mine');
  });

  it('are not created if writing them failed', async () => {
    const failing = writeOutput(folder.at('z'), async (partial) => {
      await writeFile(partial, 'half');
      throw new Error('it failed');
    });
    await assert.rejects(failing, /it failed/);
    assert.ok(!readdirSync(folder.path()).some((name) => name.includes('z')));
  });

  it('as folders must be new, and are not created if filling them failed', async () => {
    const path = folder.at('crate');
    await writeOutputFolder(path, fill('one'));
    await assert.rejects(writeOutputFolder(path, fill('one')), taken(path));
    const failing = writeOutputFolder(folder.at('unfilled'), () => Promise.reject(new Error('it failed')));
    await assert.rejects(failing, /it failed/);
    assert.ok(!readdirSync(folder.path()).some((name) => name.includes('unfilled')));
    assert.equal(readFileSync(`${path}/a.txt`, 'utf8'), 'one');
  });

  it('of several: none is written if one is refused', async () => {
    const [first, second] = [folder.at('first'), folder.at('second')];
    writeFileSync(second, 'mine');
    const files = [first, second].map((path) => ({ path, data: 'ours' }));
    await assert.rejects(writeOutputs(files), taken(second));
    assert.ok(!readdirSync(folder.path()).includes('first'));
    await writeOutputs(files, { force: true });
    assert.deepEqual(
      [first, second].map((path) => readFileSync(path, 'utf8')),
      ['ours', 'ours'],
    );
  });

  it('are replaced if they are pages or charts of ours, a PNG by the SVG of its name', async () => {
    const page = (text: string) => `<!doctype html>\n${outputMark}\n<html>${text}</html>\n`;
    const drawing = (text: string) => `${outputMark}\n<svg>${text}</svg>\n`;
    const files = (text: string) => [
      { path: folder.at('report.html'), data: page(text) },
      { path: folder.at('f.svg'), data: drawing(text) },
      { path: folder.at('f.png'), data: Buffer.from(text) },
    ];
    await writeOutputs(files('one'));
    await writeOutputs(files('two'));
    assert.equal(readFileSync(folder.at('f.png'), 'utf8'), 'two');
    assert.equal(readFileSync(folder.at('report.html'), 'utf8'), page('two'));
    writeFileSync(folder.at('f.svg'), '<svg>mine</svg>');
    await assert.rejects(writeOutputs(files('three')), taken(folder.at('f.svg')));
    assert.equal(readFileSync(folder.at('report.html'), 'utf8'), page('two'));
    writeFileSync(folder.at('notes.html'), `<html>\n${' '.repeat(2000)}${outputMark}`);
    await assert.rejects(write(folder.at('notes.html'), 'ours'), taken(folder.at('notes.html')));
  });

  it('have one winner in a race, and the others are refused', async () => {
    const path = folder.at('race');
    const tries = await Promise.allSettled([1, 2, 3, 4].map((n) => write(path, `text ${n}`)));
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  });
});
