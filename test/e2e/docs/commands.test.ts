import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';
import { call, root, type Ended } from '../../support/cli/executable';
import { commandsInDocs, optionsInDocs, type Mention } from '../../support/docs/extract';

const sweep = `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'documented',
  annotator: 'clean',
  budgets: [16],
  sftFractions: [1],
  sft: { ...gradeSchoolMathDefaults.sft, epochs: 1 },
  evaluation: { items: 4, maxNewTokens: 32 },
  controls: [],
});
`;

/** Commands that take too long to run here; their options are looked up in the output of --help. */
const unrun: Readonly<Record<string, string>> = {
  reproduce: 'runs a sweep again; test/e2e/audit has it',
  'trainer check': 'trains models rule by rule; test/e2e/conformance has it',
  worker: 'runs until it is stopped; test/e2e/cli/disturbed-run.test.ts has it',
};

/** Exit statuses other than 0: the run of this test has ended, so it cannot be controlled. */
const statuses: Readonly<Record<string, number>> = { cancel: 66, pause: 66, resume: 66, concurrency: 66 };

const job = (command: string): string =>
  JSON.stringify({
    protocol: 1,
    command,
    id: 'documented',
    workDir: 'job-work',
    outputDir: 'job-out',
    seed: 0,
    plan: { device: 'cpu', threads: 1, microBatchSize: null },
    model: null,
  });

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const results = [
  'task,model,annotator,lora_rank,budget,sft_fraction,score',
  ...[0, 0.5, 1].map((fraction) => `math,small,clean,8,100,${fraction},0.${3 + fraction * 2}`),
].join('\n');

const commandWords = (text: string): string[] => text.replace(/^(npx )?budgetline /, '').split(' ');

describe('every command in README and docs', function () {
  this.timeout(acquisitionLimitMs);
  const home = temporaryHome();
  const folder = temporaryFolder();
  let values: Record<string, string>;
  let folders = 0;

  const run = (words: readonly string[]): Promise<Ended> =>
    call(words, { cwd: folder.path(), env: { BUDGETLINE_HOME: home.path() } });

  function prepareFiles(): void {
    for (const name of ['examples', 'docs']) symlinkSync(join(root, name), folder.at(name));
    const rows = [{ prompt: 'Two and two?', completion: 'Four.' }];
    const files = {
      'sweep.ts': sweep,
      'results.csv': results,
      'train.jsonl': readFileSync(join(root, 'examples', 'data', 'gsm8k', 'train.jsonl')),
      'rows.jsonl': lines(rows),
      'references.jsonl': lines([{ question: 'Two and two?', answer: '#### 4' }]),
      'responses.jsonl': lines([{ question: 'Two and two?', response: '#### 4' }]),
      'prompts.jsonl': lines([
        { key: 1, prompt: 'Use no comma.', instruction_id_list: ['punctuation:no_comma'], kwargs: [{}] },
      ]),
      'followed.jsonl': lines([{ prompt: 'Use no comma.', response: 'None' }]),
      'answers.jsonl': lines([{ id: 'a', completion: 'Four.' }]),
      'job.json': job('info'),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(folder.at(name), text);
    mkdirSync(folder.at('queue'));
    writeFileSync(folder.at('queue', 'queue.jsonl'), lines([{ id: 'a', prompt: 'Two and two?' }]));
  }

  before(async () => {
    prepareFiles();
    const { status, stdout, stderr } = await run(['run', 'sweep.ts', '--json']);
    assert.equal(status, 0, stderr);
    const { result } = JSON.parse(stdout) as { result: { sweepId: string } };
    const keyOf = (kind: string): string =>
      readdirSync(join(home.path(), 'store', 'artifacts'))
        .find((name) => name.startsWith(`${kind}-`))
        ?.slice(kind.length + 1) ?? '';
    const exported = await run(['audit', 'export', result.sweepId, '-o', 'run.tar']);
    assert.equal(exported.status, 0, exported.stderr);
    values = {
      SWEEP: result.sweepId,
      RUN: result.sweepId,
      ID: result.sweepId,
      BUNDLE: 'run.tar',
      STAGE: keyOf('trainSft').slice(0, 12),
      KEY: keyOf('synthesizeData').slice(0, 12),
      FILE: 'sweep.ts',
      ROWS: 'rows.jsonl',
      KIND: 'demonstrations',
      TEXT: 'us',
      NAME: 'CC0-1.0',
      WHO: 'people',
      QUEUE: 'queue',
      ANSWERS: 'answers.jsonl',
      TASK: 'grade-school-math',
      N: '2',
      PROMPTS: 'prompts.jsonl',
      REFERENCES: 'references.jsonl',
      'RESULTS.csv': 'results.csv',
      COMMAND: 'info',
      'JOB.json': 'job.json',
      EXECUTABLE: 'trainer.js',
    };
  });

  function valueOf(word: string, text: string): string {
    if (word === 'FOLDER') return `folder-${folders++}`;
    if (word === 'RESPONSES') return text.includes('--prompts') ? 'followed.jsonl' : 'responses.jsonl';
    if (values[word] === undefined && /^[A-Z]+(\.\w+)?$/.test(word))
      assert.fail(`no value for ${word}: ${text}`);
    return values[word] ?? word;
  }

  /** Words of a command as they are called: with the optional ones, and placeholders replaced. */
  function wordsOf(text: string): string[] {
    const plain = text
      .replace('[options]', '')
      .replace(/[[\]]/g, '')
      .replace(/ > \S+$/, '')
      .trim();
    return commandWords(plain).map((word) => valueOf(word, text));
  }

  /** The command of a mention that is not run here: named without its arguments, or too long. */
  function unrunOf(words: readonly string[]): string | undefined {
    if (words.length === 1 && ['run', 'analyze', 'audit'].includes(words[0] ?? '')) return words[0];
    return Object.keys(unrun).find((name) => words.join(' ').startsWith(name));
  }

  async function assertOffered(command: string, words: readonly string[], page: string): Promise<void> {
    const { status, stdout, stderr } = await run([...command.split(' '), '--help']);
    assert.equal(status, 0, stderr);
    assert.ok(stdout.startsWith(`Usage: budgetline ${command} `), `${page}: ${words.join(' ')}`);
    for (const option of words.filter((word) => word.startsWith('--')))
      assert.match(stdout, new RegExp(`${option}\\b`), `${page}: ${words.join(' ')}`);
  }

  async function check({ page, text }: Mention): Promise<void> {
    const words = wordsOf(text);
    const command = unrunOf(words);
    if (command !== undefined) return assertOffered(command, words, page);
    const expected = statuses[words[0] ?? ''] ?? 0;
    const called = words[0] === 'run' ? [...words, '--plan'] : words;
    const { status, stdout, stderr } = await run(called);
    assert.equal(status, expected, `${page}: ${text}\n${stdout}${stderr}`);
  }

  const ours = (): Mention[] => commandsInDocs().filter(({ text }) => /^(npx )?budgetline /.test(text));

  it('runs, two at a time, and the server is stopped at the end', async () => {
    const [last, rest] = [ours(), ours()].map((all, at) =>
      all.filter(({ text }) => text.endsWith('server stop') === (at === 0)),
    ) as [Mention[], Mention[]];
    assert.ok(rest.length > 30, 'the commands are found');
    // Commands that write exports or the report of one run must not run at once.
    const lanes = [rest.filter((_, at) => at % 2 === 0), rest.filter((_, at) => at % 2 === 1)];
    await Promise.all(
      lanes.map(async (lane) => {
        for (const mention of lane) await check(mention);
      }),
    );
    for (const mention of last) await check(mention);
  });

  it('that writes files leaves foreign files alone, and replaces its own pages and bundles', async () => {
    const { SWEEP = '' } = values;
    writeFileSync(folder.at('run.tar.partial'), 'mine');
    assert.equal((await run(['audit', 'export', SWEEP, '-o', 'run.tar'])).status, 0);
    assert.equal(readFileSync(folder.at('run.tar.partial'), 'utf8'), 'mine');
    const formats = ['bundle', 'csv', 'mlflow', 'model-card', 'open-lineage', 'in-toto'];
    const writing = [
      ...formats.map((format) => ['audit', 'export', SWEEP, '--format', format, '-o']),
      ['audit', SWEEP, '--html'],
    ];
    writeFileSync(folder.at('mine'), 'mine');
    for (const words of writing) {
      const { status, stderr } = await run([...words, 'mine']);
      assert.equal(status, 64, words.join(' '));
      assert.match(stderr, /error\[OUTPUT_EXISTS\]: .*mine/);
    }
    const [page, again, forced] = [['page.html'], ['page.html'], ['mine', '--force']].map((to) =>
      run(['audit', SWEEP, '--html', ...to]),
    );
    for (const ended of [page, again, forced]) assert.equal((await ended)?.status, 0);
    assert.match(readFileSync(folder.at('mine'), 'utf8'), /^<!doctype html>/);
    mkdirSync(folder.at('elsewhere'));
    writeFileSync(folder.at('elsewhere', 'report.html'), 'mine');
    const refused = await run(['analyze', 'results.csv', '--out', 'elsewhere']);
    assert.match(refused.stderr, /error\[OUTPUT_EXISTS\]: .*report\.html/);
    assert.deepEqual(readdirSync(folder.at('elsewhere')), ['report.html']);
  });

  it('of npm is a script of the package, with a known benchmark and known options', async () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const benchmarks = readFileSync(join(root, 'bench', 'main.ts'), 'utf8');
    for (const { page, text } of commandsInDocs().filter((mention) => mention.text.startsWith('npm '))) {
      const [, verb = '', ...words] = text.split(' ');
      if (['ci', 'rebuild'].includes(verb)) continue;
      const script = scripts[verb === 'run' ? (words[0] ?? '') : verb];
      assert.ok(script, `${page}: ${text}`);
      const further = words.includes('--') ? words.slice(words.indexOf('--') + 1) : [];
      if (words[0] === 'bench') assertBenchmark(benchmarks, further, page);
      if (verb !== 'start') continue;
      const line = script.split('main.js ')[1] ?? '';
      await check({ page, text: `budgetline ${[line, ...further].join(' ')}` });
    }
  });

  function sourcesOf(benchmark: string): string {
    const path = join(root, 'bench', benchmark);
    const files = existsSync(`${path}.ts`)
      ? [`${path}.ts`]
      : readdirSync(path).map((name) => join(path, name));
    return files
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(name, 'utf8'))
      .join('\n');
  }

  function assertBenchmark(main: string, [name = '', ...words]: readonly string[], page: string): void {
    assert.ok(main.includes(`  ${name}: bench`), `${page}: there is no benchmark ${name}`);
    for (const option of words.filter((word) => word.startsWith('--')))
      assert.match(sourcesOf(name), new RegExp(`\\b${option.slice(2)}: `), `${page}: ${name} ${option}`);
  }

  it('of npx names a file that exists', () => {
    const others = commandsInDocs().filter(({ text }) => /\bnpx (?!budgetline)/.test(text));
    for (const { page, text } of others) {
      const [file = ''] = /\S+\/\S+\.ts/.exec(text.replace(/'/g, '')) ?? [];
      const found = file.includes('*') ? join(root, file, '..') : join(root, file);
      assert.ok(file !== '' && existsSync(found), `${page}: ${text}`);
    }
  });

  it('has options that a command takes', () => {
    const read = (name: string): string[] => {
      const found = readdirSync(join(root, name), { recursive: true, encoding: 'utf8' });
      return found
        .filter((path) => path.endsWith('.ts'))
        .map((path) => readFileSync(join(root, name, path), 'utf8'));
    };
    const [cli, bench] = [read('cli').join('\n'), read('bench').join('\n')];
    for (const { page, text } of optionsInDocs())
      for (const [option] of text.matchAll(/--[a-z][a-z-]*/g)) {
        const known =
          new RegExp(`'(-\\w, )?${option}(?![\\w-])`).test(cli) ||
          new RegExp(`\\b${option.slice(2)}: `).test(bench);
        assert.ok(known, `${page}: no command takes ${option}`);
      }
  });
});
