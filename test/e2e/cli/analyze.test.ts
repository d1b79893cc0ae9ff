import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { llamaFile } from '../../support/analysis/llama-table';

const program = resolve('dist/cli/main.js');

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function call(cwd: string, ...words: string[]): Promise<Outcome> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [program, ...words], { cwd }, (_, stdout, stderr) =>
      done({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('budgetline analyze', function () {
  this.timeout(60_000);
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'budgetline-analyze-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('prints tables, and writes report.html and charts/ to the working directory', async () => {
    const { status, stdout, stderr } = await call(folder, 'analyze', llamaFile);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /GSM8K, Llama 3\.1 8B\n\nScore by budget and SFT share/);
    assert.match(stdout, /20,000 +0\.650 +0\.670 +0\.690 +0\.700 \* +0\.300/);
    assert.match(stdout, /Report +report\.html/);
    assert.match(await readFile(join(folder, 'report.html'), 'utf8'), /^<!doctype html>/);
    assert.ok(existsSync(join(folder, 'charts', 't4-heat-map.png')));
  });

  it('prints only one JSON document to standard output with --json', async () => {
    const { status, stdout } = await call(folder, 'analyze', llamaFile, '--json', '--out', 'made');
    assert.equal(status, 0);
    const found = JSON.parse(stdout) as Record<string, unknown[]>;
    for (const list of ['best', 'regions', 'diagnoses', 'verdicts']) assert.ok(found[list]!.length > 0, list);
    assert.ok(existsSync(join(folder, 'made', 'report.html')));
  });

  it('refuses a bad row with file, line and column, and writes nothing', async () => {
    await writeFile(join(folder, 'bad.csv'), 'task,model,budget,sft_fraction,score\na,m,100,2,0.5\n');
    const { status, stdout, stderr } = await call(folder, 'analyze', 'bad.csv');
    assert.deepEqual([status, stdout], [65, '']);
    assert.match(stderr, /bad\.csv, line 2, column "sft_fraction": "2" is not a number from 0 to 1/);
    assert.equal(existsSync(join(folder, 'report.html')), false);
    assert.equal((await call(folder, 'analyze', 'none.csv')).status, 66);
  });
});
