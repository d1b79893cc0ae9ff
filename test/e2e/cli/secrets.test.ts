import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { ensureServer } from '../../../workers';
import { untilCheckpointed } from '../../support/running-trainers';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';
import { call, listFiles, start, type Ended } from '../../support/cli/executable';

/** Has numbers that occur nowhere else, to search for. */
const sweep = `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'secretive',
  annotator: 'majority-error',
  budgets: [16],
  sftFractions: [1],
  sft: { ...gradeSchoolMathDefaults.sft, epochs: 40 },
  evaluation: { items: 4, maxNewTokens: 32 },
  controls: [],
  prices: { sftExample: 4321.98765, preferencePair: 1 },
  execution: { checkpointEverySteps: 2 },
});
`;

const random = (): string => randomBytes(32).toString('base64');

describe('secrets of the environment, through the executable', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const home = temporaryHome();
  const key = random();
  const planted = { apiKey: random(), other: random(), payloadKey: key };
  let env: Record<string, string>;
  let ended: Ended;
  let said: Ended[];

  const ask = (...words: string[]): Promise<Ended> => call(words, { env });

  before(async () => {
    writeFileSync(folder.at('sweep.ts'), sweep);
    const server = await ensureServer({ home: home.path(), env: process.env, onProgress: () => undefined });
    env = {
      BUDGETLINE_HOME: home.path(),
      BUDGETLINE_PAYLOAD_KEYS: `first:${key}`,
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_API_KEY: planted.apiKey,
      TEMPORAL_TLS: 'false',
      ANOTHER_TOKEN: planted.other,
    };
    const run = start(['run', folder.at('sweep.ts'), '--json'], { env });
    const over = new AbortController();
    void run.ended.then(({ stderr }) => over.abort(new Error(stderr)));
    await untilCheckpointed({ home: home.path(), command: 'sft' }, over.signal);
    const id = /secretive-[0-9a-f]{12}/.exec(run.printed())?.[0] ?? (await idOf());
    said = [
      await ask('pause', id, '--yield'),
      await ask('status', id),
      await ask('concurrency', id, '2'),
      await ask('resume', id),
      await ask('resume', id),
    ];
    ended = await run.ended;
  });

  async function idOf(): Promise<string> {
    const plan = await call(['plan', folder.at('sweep.ts'), '--json'], { env });
    return (JSON.parse(plan.stdout) as { sweepId: string }).sweepId;
  }

  const bytes = (): [string, Buffer][] =>
    listFiles(home.path()).map((path) => [path, readFileSync(path)] as [string, Buffer]);

  it('the run is steered by the command line, and completes', () => {
    assert.equal(ended.status, 0, ended.stderr);
    assert.deepEqual(
      said.map(({ status }) => status),
      [0, 0, 0, 0, 64],
      said.map(({ stderr }) => stderr).join('\n'),
    );
    assert.match(said[1]?.stdout ?? '', /is running, paused/);
    assert.match(said[4]?.stderr ?? '', /not paused/);
  });

  it('no planted secret is in database, histories, logs, ledgers, reports or output', () => {
    const files = bytes();
    for (const what of ['temporal.db', 'worker-gpu.log', 'report.html', 'stderr.log'])
      assert.ok(
        files.some(([path]) => path.endsWith(what)),
        `${what} was looked at`,
      );
    const output = Buffer.from([ended, ...said].flatMap((end) => [end.stdout, end.stderr]).join('\n'));
    for (const [name, secret] of Object.entries(planted))
      for (const form of [secret, Buffer.from(secret).toString('base64')])
        for (const [path, text] of [...files, ['the output', output] as const])
          assert.ok(!text.includes(form), `${name} is in ${path}`);
  });

  it('is audited with its key; without it the audit names the missing key', async () => {
    const id = /secretive-[0-9a-f]{12}/.exec(ended.stdout)?.[0] ?? '';
    const without = { ...env, BUDGETLINE_PAYLOAD_KEYS: `second:${random()}` };
    const [verified, sealed] = [
      await ask('audit', 'verify', id),
      await call(['audit', 'verify', id], { env: without }),
    ];
    assert.equal(verified.status, 0, verified.stdout);
    assert.equal(sealed.status, 2, sealed.stdout);
    assert.match(sealed.stdout.replace(/\s+/g, ' '), /– histories the histories are encrypted with "first"/);
    const card = ['audit', 'export', id, '--format', 'model-card', '-o', folder.at('card.md')];
    const refused = await call(card, { env: without });
    assert.match(refused.stderr, /histories are encrypted/);
    assert.equal((await ask(...card)).status, 0);
    assert.match(readFileSync(folder.at('card.md'), 'utf8'), /SFT on 16 demonstrations/);
  });

  it('with another key of that name, every command names the key, and none reports tampering', async () => {
    const id = /secretive-[0-9a-f]{12}/.exec(ended.stdout)?.[0] ?? '';
    const other = { ...env, BUDGETLINE_PAYLOAD_KEYS: `first:${random()}` };
    const commands = [
      ['audit', 'verify', id],
      ['audit', 'show', id],
      ['audit', 'diff', id, id],
      ['audit', 'export', id, '--format', 'csv', '-o', folder.at('other.csv')],
      ['status', id],
      ['run', folder.at('sweep.ts')],
    ];
    const refusals = commands.map(async (words) => {
      const { status, stderr, stdout } = await call(words, { env: other });
      assert.equal(status, 78, `${words.join(' ')}: ${stdout}${stderr}`);
      assert.match(stderr, /CONNECTION_INVALID.*"first"/);
    });
    const lists = [other.BUDGETLINE_PAYLOAD_KEYS, undefined].map(async (keys) => {
      const listed = await call(['list'], { env: { ...env, BUDGETLINE_PAYLOAD_KEYS: keys } });
      assert.equal(listed.status, 0, listed.stderr);
      assert.match(listed.stdout, /completed, encrypted[^]*need the payload key "first"/);
    });
    await Promise.all([...refusals, ...lists]);
  });

  it('with a key, the database has the names of the run, but not its contents', () => {
    const databases = bytes().filter(([path]) => path.includes('temporal.db'));
    const holds = (text: string): boolean => databases.some(([, data]) => data.includes(text));
    assert.ok(holds('secretive-'), 'it is the right database');
    assert.ok(holds('binary/encrypted'));
    const ledgers = bytes().filter(([path]) => path.includes('/ledger/experiments/'));
    assert.ok(
      ledgers.some(([, text]) => text.includes('4321.98765')),
      'as the ledger writes it',
    );
    assert.ok(!holds('4321.98765'), 'the definition is encrypted');
  });
});
