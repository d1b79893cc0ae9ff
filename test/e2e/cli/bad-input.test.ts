import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exitStatusOf } from '../../../cli/exit-status';
import { isFailureCode } from '../../../core/failures';
import { call, listFiles, root, type Ended } from '../../support/cli/executable';
import { temporaryFolder } from '../../support/temporary';
import { stopServers } from '../../../workers/embedded-server';

const sweep = `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'bad-input',
  annotator: 'clean',
  budgets: [16],
  sftFractions: [1],
  evaluation: { items: 8, maxNewTokens: 48 },
});
`;

describe('bad input, through the executable', function () {
  this.timeout(120_000);
  const homes: string[] = [];
  // A command that should have been refused may have started a server.
  const folder = temporaryFolder(() => Promise.all(homes.map(stopServers)));

  const write = (name: string, text: string): string => {
    const path = folder.at(name);
    writeFileSync(path, text);
    return path;
  };

  interface Refused extends Ended {
    readonly home: string;
  }

  /** A coded message with a remedy, without a stack; no files written. */
  function assertRefused({ status, stdout, stderr, home }: Refused, expected: number, message: RegExp): void {
    assert.match(stderr, message, stdout);
    assert.equal(status, expected, stderr);
    const code = /^error\[([A-Z_]+)\]: \S/m.exec(stderr)?.[1];
    assert.ok(isFailureCode(code), stderr);
    assert.equal(exitStatusOf(code), expected);
    assert.match(stderr, /^What to do: \S.+/m);
    assert.doesNotMatch(stderr, /^\s+at .*:\d+/m);
    assert.deepEqual(listFiles(home), []);
  }

  async function run(words: string[], env: Record<string, string> = {}): Promise<Refused> {
    const home = env['BUDGETLINE_HOME'] ?? folder.at(`home-${homes.length}`);
    homes.push(home);
    return { home, ...(await call(['run', ...words], { env: { ...env, BUDGETLINE_HOME: home } })) };
  }

  /** The good definition with one change. */
  const changed = (name: string, from: string, to: string): string => write(name, sweep.replace(from, to));

  it('names an unknown field, with the path of a nested one', async () => {
    const [top, nested] = await Promise.all([
      run([changed('unknown.ts', 'budgets: [16]', 'budget: [16], budgets: [16]')]),
      run([changed('nested.ts', 'items: 8', 'items: 8, maxNewToken: 3')]),
    ]);
    assertRefused(top, 78, /budget: no such field/);
    assertRefused(nested, 78, /evaluation\.maxNewToken: no such field/);
  });

  it('prints code, message and remedy as JSON with --json, also for usage errors', async () => {
    const calls = await Promise.all([
      run([folder.at('nowhere.ts'), '--json']),
      run(['--json', '--no-such-option', 'x.ts']),
      call(['data', 'preview', write('rows.jsonl', '{}\n'), '--kind', 'demonstrations', '--json']),
    ]);
    const documents = calls.map(({ stdout }) => JSON.parse(stdout) as { error?: Record<string, string> });
    const errors = documents.map(({ error }) => error);
    assert.deepEqual([errors[0]?.['code'], errors[1]?.['code']], ['INPUT_MISSING', 'USAGE']);
    assert.match(errors[0]?.['message'] ?? '', /nowhere\.ts/);
    assert.match(errors[1]?.['message'] ?? '', /--no-such-option/);
    assert.ok(errors.slice(0, 2).every((error) => (error?.['remedy'] ?? '').length > 0));
    assert.equal(errors[2], undefined, 'the faults of the rows are the document');
    assert.match(calls[2].stderr, /error\[DATA_INVALID\]: .*rows\.jsonl: 1 record cannot be used/);
    assert.deepEqual(
      calls.map(({ status }) => status),
      [66, 64, 65],
    );
  });

  it('names the position of a fraction of 1.2, in the file and on the command line', async () => {
    const [file, flag] = await Promise.all([
      run([changed('fraction.ts', 'sftFractions: [1]', 'sftFractions: [1, 1.2]')]),
      run([write('good.ts', sweep), '--sft-fractions', '1.2']),
    ]);
    assertRefused(file, 78, /sftFractions\[1\]: 1\.2 is above 1/);
    assertRefused(flag, 78, /sftFractions\[0\]: 1\.2 is above 1/);
  });

  it('refuses a budget above the size of the pool before anything starts', async () => {
    assertRefused(
      await run([write('good.ts', sweep), '--budgets', '16,9000']),
      78,
      /budget 9000 .* 8192 problems/,
    );
  });

  it('names a missing file, a missing data file and an unknown option', async () => {
    const files = "data: { source: 'files', train: '/nowhere/train.jsonl', test: '/nowhere/test.jsonl' }";
    const [missing, data, option, list] = await Promise.all([
      run([folder.at('nothing.ts')]),
      run([changed('files.ts', 'budgets: [16]', `budgets: [16], ${files}`)]),
      run(['x.ts', '--bugdets', '1']),
      run(['x.ts', '--budgets', '1,b']),
    ]);
    assertRefused(missing, 66, /There is no file .*nothing\.ts/);
    assertRefused(data, 66, /data\.(train|test).*\/nowhere\/(train|test)\.jsonl/);
    assertRefused(option, 64, /--bugdets.*--budgets/);
    assertRefused(list, 64, /--budgets.*"b" is not a number/);
  });

  it('names a file that cannot be loaded, with the line', async () => {
    const [syntax, thrown, none] = await Promise.all([
      run([write('syntax.ts', 'export default {\n  a: 1,\n')]),
      run([write('thrown.ts', 'const a: { b?: { c: number } } = {};\n\nexport default a.b.c;\n')]),
      run([write('none.ts', 'export const a = 1;\n')]),
    ]);
    assertRefused(syntax, 78, /syntax\.ts:3 cannot be loaded: SyntaxError: Unexpected token/);
    assertRefused(thrown, 78, /thrown\.ts:3 cannot be loaded: TypeError/);
    assertRefused(none, 78, /none\.ts has no sweep definition as its default export/);
  });

  it('names a malformed row by file and line', async () => {
    const good = '{"question":"2 figs and 3 figs?","answer":"2+3=5\\n#### 5"}\n';
    const train = write('train.jsonl', `${good.repeat(2)}{"question":"no answer"}\n`);
    const ended = await run([join(root, 'examples', 'gsm8k.ts'), '--data', train]);
    assertRefused(ended, 65, /train\.jsonl:3/);
  });

  it('prints what to install if Temporal is missing', async () => {
    const env = {
      PATH: folder.at('empty'),
      HOME: folder.at('empty'),
      XDG_CACHE_HOME: folder.at('empty'),
      BUDGETLINE_TEMPORAL_FETCH: 'never',
    };
    assertRefused(await run([write('good.ts', sweep)], env), 69, /no `temporal` on PATH/);
    const away = await run([write('good.ts', sweep)], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    assertRefused(away, 69, /No Temporal server answers at 127\.0\.0\.1:1/);
  });

  it('names a store that cannot be written', async () => {
    const inFile = join(write('a-file', ''), 'home');
    const ended = await run([write('good.ts', sweep)], { BUDGETLINE_HOME: inFile });
    assertRefused(ended, 73, /cannot be written: .*a-file/);
  });

  it('names a full disk', async function () {
    const disk = folder.at('full');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=3', 'none', disk], { stdio: 'ignore' });
    } catch {
      console.log('      (cannot mount a tmpfs: the full disk is not tested)');
      this.skip();
    }
    try {
      const home = join(disk, 'home');
      mkdirSync(join(home, 'store'), { recursive: true });
      const ended = await run([write('good.ts', sweep)], { BUDGETLINE_HOME: home });
      assertRefused(ended, 73, /no space left on the disk: .*full/);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('names a port in use', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const port = String((server.address() as AddressInfo).port);
    try {
      const ended = await run([write('good.ts', sweep)], { BUDGETLINE_TEMPORAL_PORT: port });
      assertRefused(ended, 69, new RegExp(`uses port ${port} of`));
    } finally {
      server.close();
    }
  });

  it('names an invalid choice, also one that is a property of every object', async () => {
    for (const [words, message] of [
      [['audit', 'export', 'none', '--format', 'toString'], /there is no format "toString"/],
      [['worker', '--queue', 'constructor'], /there is no queue "constructor"/],
    ] as const) {
      const { status, stderr } = await call([...words], {
        env: { BUDGETLINE_HOME: folder.at('home-choice') },
      });
      assert.match(stderr, message);
      assert.match(stderr, /^What to do: Use one of: /m);
      assert.equal(status, 64);
    }
  });

  it('answers --version and --help', async () => {
    const { status, stdout } = await call(['--version']);
    assert.equal(status, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    const help = await call(['run', '--help']);
    assert.equal(help.status, 0);
    assert.match(help.stdout, /--sft-fractions <list>/);
  });

  it('prints a stack with BUDGETLINE_DEBUG=1', async () => {
    const { stderr } = await run([folder.at('nothing.ts')], { BUDGETLINE_DEBUG: '1' });
    assert.match(stderr, /^\s+at .*:\d+/m);
  });

  it('plans without writing, from a folder without the package, as ES module and CommonJS', async () => {
    const text = sweep
      .replace('export default', 'module.exports =')
      .replace('import', 'const')
      .replace(' from ', ' = require(')
      .replace("'budgetline';", "'budgetline');");
    const files = [write('plain.ts', sweep), write('plain.cjs', text)];
    mkdirSync(folder.at('esm'), { recursive: true });
    writeFileSync(folder.at('esm', 'package.json'), '{ "type": "module" }');
    writeFileSync(
      folder.at('esm', 'sweep.ts'),
      sweep.replace('export default defineSweep(', 'export default () => defineSweep('),
    );
    const plans = await Promise.all(
      [...files, folder.at('esm', 'sweep.ts')].map((file) =>
        call(['plan', file, '--json'], { env: { BUDGETLINE_HOME: folder.at('home') }, cwd: folder.path() }),
      ),
    );
    for (const plan of plans) assert.equal(plan.status, 0, plan.stderr);
    const ids = plans.map(({ stdout }) => (JSON.parse(stdout) as { sweepId: string }).sweepId);
    assert.deepEqual(new Set(ids).size, 1);
    assert.deepEqual(listFiles(folder.at('home')), []);
  });
});
