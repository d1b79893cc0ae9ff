import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadDefinition, planSweep, runSweep, verifyRun } from '../../../app';
import type { SweepResult } from '../../../contracts/results';
import type { StageResult } from '../../../contracts/stage';
import type { LedgerLine } from '../../../schemas/ledger';
import { createFolderStore } from '../../../store';
import { call, type Ended, start } from '../../support/cli/executable';
import { until } from '../../support/going-sweep';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';

const file = join(__dirname, '..', '..', 'support', 'toys', 'optional-sweep.ts');

interface Printed {
  readonly result: SweepResult;
}

function resultOf({ status, stdout, stderr }: Ended): SweepResult {
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as Printed).result;
}

const stagesOf = ({ cells }: SweepResult): StageResult[] => cells.flatMap(({ stages }) => stages);

const digestsOf = (result: SweepResult): Record<string, string> =>
  Object.fromEntries(stagesOf(result).map(({ key, digest }) => [key, digest]));

describe('slow: a sweep with a loss, a stage kind and a pipeline of the user, made with an option', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const homes = { quiet: temporaryHome(), disturbed: temporaryHome() };
  const words = ['run', file, '--seeds', '0', '--json'];
  const run = (home: string) => call(words, { env: { BUDGETLINE_HOME: home } });
  let key = '';
  let disturbed: SweepResult;

  const linesOf = (home: string): Promise<LedgerLine[]> =>
    createFolderStore(home).chain({ stage: key }).read();

  /** The worker process that runs the user's stage, once it has started. */
  async function workerOf(home: string, signal: AbortSignal): Promise<number> {
    for (;;) {
      const started = (await linesOf(home)).find((line) => line.type === 'attempt-started');
      if (started !== undefined) return started.pid;
      await sleep(10, undefined, { signal });
    }
  }

  before(async () => {
    const { definition } = await loadDefinition(file, { seeds: [0] });
    const { plan, summary } = await planSweep(definition, { home: homes.quiet.path() });
    const own = plan.stages.filter(({ stage }) => stage.kind === 'bestOfN');
    assert.deepEqual(
      own.map(({ stage }) => stage.title),
      ['The best of 4 samples for 16 prompts'],
    );
    assert.match(summary.warnings.join('\n'), /"sft-on-chosen" does not run: .*pipeline/);
    key = own[0]!.stage.key;
  });

  it('runs to the end after its worker was killed in the middle of the user’s stage', async () => {
    const home = homes.disturbed.path();
    const { ended } = start(words, { env: { BUDGETLINE_HOME: home } });
    const over = new AbortController();
    void ended.then(() => over.abort(new Error('the run ended undisturbed')));
    process.kill(await workerOf(home, over.signal), 'SIGKILL');
    disturbed = resultOf(await ended);
    const types = (await linesOf(home)).map(({ type }) => type);
    assert.deepEqual(
      types.filter((type) => type !== 'attempt-checkpoint'),
      ['attempt-started', 'attempt-lost', 'attempt-started', 'attempt-ended'],
    );
  });

  it('makes the bytes of an undisturbed run', async () => {
    const quiet = resultOf(await run(homes.quiet.path()));
    assert.deepEqual(digestsOf(disturbed), digestsOf(quiet));
    const made = stagesOf(quiet).find((stage) => stage.key === key)!;
    assert.deepEqual([made.kind, made.makes, made.metrics['rows']], ['bestOfN', 'rows', 16]);
    assert.equal(made.cost.verifierCalls, 64);
  });

  it('comes from the store when it runs again, by workers of this process', async () => {
    const { definition } = await loadDefinition(file, { seeds: [0] });
    const { result } = await runSweep(definition, { home: homes.disturbed.path() });
    assert.ok(stagesOf(result).every(({ cached }) => cached));
    assert.equal(result.cost.deviceMs, 0);
  });

  it('is verified, its histories with the code of the user’s modules', async () => {
    const { passed, complete, checks } = await verifyRun(disturbed.sweepId, { home: homes.disturbed.path() });
    const skipped = checks.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name);
    // The second run wrote no report.
    assert.deepEqual(
      [passed, complete, skipped],
      [true, false, ['report']],
      JSON.stringify(checks, undefined, 2),
    );
  });

  it('ends a reproduction at a signal, and leaves nothing', async () => {
    const env = { BUDGETLINE_HOME: homes.quiet.path(), TMPDIR: folder.path() };
    const { child, ended, printed } = start(['reproduce', disturbed.sweepId], { env });
    await until('it waits for stages', () => Promise.resolve(/^\[\d/m.test(printed())));
    child.kill('SIGINT');
    const { status, stdout, stderr } = await ended;
    assert.equal(status, 130, stderr);
    assert.match(stdout, /Stopped\.\n$/);
    const left = readdirSync(folder.path()).filter((name) => name.startsWith('budgetline-reproduce-'));
    assert.deepEqual(left, []);
  });

  it('is reproduced', async () => {
    const { status, stderr } = await call(['reproduce', disturbed.sweepId], {
      env: { BUDGETLINE_HOME: homes.quiet.path() },
    });
    assert.equal(status, 0, stderr);
  });

  it('is in the report', () => {
    const html = readFileSync(
      join(homes.disturbed.path(), 'reports', disturbed.sweepId, 'report.html'),
      'utf8',
    );
    assert.match(html, /bestOfN/);
    assert.match(html, /Margin DPO/);
  });
});
