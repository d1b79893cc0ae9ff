import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadDefinition, planSweep, runSweep, verifyRun } from '../../../app';
import type { CellIdentity, SweepResult } from '../../../contracts/results';
import { createFolderStore } from '../../../store';
import { call, root, start } from '../../support/cli/executable';
import { readEvents } from '../../support/running-trainers';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';

/** The names that each example gives to its stages. */
const examples = {
  'iterated-dpo': ['round 1', 'round 2', 'round 3'],
  'best-of-n': ['best of 8', 'distilled'],
  'two-betas': ['β 0.1', 'β 1', 'better beta'],
  'sft-dpo-sft': ['first half', 'second half', 'second SFT'],
} as const;
const names = Object.keys(examples);
const file = join(root, 'test', 'support', 'example-pipelines.ts');

describe('examples of pipelines', () => {
  const home = temporaryFolder();

  for (const name of names)
    it(`${name}.ts is a sweep in at most 40 lines, within its budget`, async () => {
      const path = join(root, 'examples', `${name}.ts`);
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      assert.ok(lines.length <= 40, `${lines.length} lines`);
      const { definition } = await loadDefinition(path);
      const { plan } = await planSweep(definition, { home: home.path() });
      for (const { cell, stages } of plan.cells) {
        const rows = stages.filter(({ rows }) => rows?.budgetedAs).map(({ rows }) => rows!.count);
        assert.ok(rows.reduce((sum, count) => sum + count, 0) <= cell.budget);
      }
    });

  it('have a page that shows the plan of one', async () => {
    const env = { BUDGETLINE_HOME: home.path() };
    const { stdout } = await call(['plan', 'examples/two-betas.ts'], { env });
    const page = readFileSync(join(root, 'docs', 'pipelines.md'), 'utf8');
    const [, shown = 'nothing'] = /```text\n([\s\S]*?)```/.exec(page) ?? [];
    assert.ok(stdout.includes(shown), stdout);
  });
});

const exampleOf = ({ axes }: CellIdentity): string => axes!['example']!;

/** The stage keys of trainings that only one example has. */
async function ownTrainings(home: string): Promise<ReadonlyMap<string, string[]>> {
  const { definition } = await loadDefinition(file);
  const { plan } = await planSweep(definition, { home });
  const isOwn = (key: string) =>
    plan.cells.filter(({ stages }) => stages.some((stage) => stage.key === key)).length === 1;
  return new Map(
    plan.cells.map(({ cell, stages }) => {
      const trainings = stages.filter(({ makes, key }) => makes === 'adapter' && isOwn(key));
      return [exampleOf(cell), trainings.map(({ key }) => key)];
    }),
  );
}

/** The process id of a stage's trainer that is at work. */
function trainerOf(home: string, key: string): number | undefined {
  const events = readEvents(join(home, 'store', 'runs', key, 'events.jsonl'));
  const begun = events.findLastIndex(({ event }) => event === 'hello');
  const hello = events[begun];
  const isOver = events.slice(begun).some(({ event }) => event === 'result' || event === 'error');
  return hello?.event === 'hello' && !isOver ? hello.pid : undefined;
}

function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Kills the trainer of the first of these stages that trains, and its worker. */
async function killOne(home: string, keys: readonly string[], signal: AbortSignal): Promise<string> {
  for (;;) {
    for (const key of keys) {
      const pid = trainerOf(home, key);
      if (pid === undefined || !kill(pid, 'SIGSTOP')) continue;
      // It may have ended just before it was stopped.
      const trains = trainerOf(home, key) === pid;
      const lines = trains ? await createFolderStore(home).chain({ stage: key }).read() : [];
      const started = lines.findLast((line) => line.type === 'attempt-started');
      if (started !== undefined) kill(started.pid, 'SIGKILL');
      kill(pid, started === undefined ? 'SIGCONT' : 'SIGKILL');
      if (started !== undefined) return key;
    }
    await sleep(5, undefined, { signal });
  }
}

interface Facts {
  readonly artifacts: Record<string, string>;
  readonly scores: Record<string, number>;
}

const factsOf = ({ cells }: SweepResult): Facts => ({
  artifacts: Object.fromEntries(
    cells.flatMap(({ stages }) => stages.map(({ key, digest }) => [key, digest])),
  ),
  scores: Object.fromEntries(cells.map(({ cell, evaluation }) => [exampleOf(cell), evaluation.score])),
});

describe('the pipelines of the examples, whose workers are killed while they train', function () {
  this.timeout(acquisitionLimitMs);
  const homes = { quiet: temporaryHome(), disturbed: temporaryHome() };
  let quiet: Promise<SweepResult>;
  let disturbed: SweepResult;

  // Both at once: after a kill the disturbed run waits for heartbeats.
  before(() => {
    const run = async (): Promise<SweepResult> => {
      const { definition } = await loadDefinition(file);
      return (await runSweep(definition, { home: homes.quiet.path() })).result;
    };
    quiet = run();
    quiet.catch(() => undefined);
  });

  it('end, each after a lost training', async () => {
    const home = homes.disturbed.path();
    const own = await ownTrainings(home);
    const { ended } = start(['run', file, '--json'], { env: { BUDGETLINE_HOME: home } });
    const over = new AbortController();
    void ended.then(({ stderr }) => over.abort(new Error(`the run has ended: ${stderr}`)));
    const killed = await Promise.all(names.map((name) => killOne(home, own.get(name)!, over.signal)));
    const { status, stdout, stderr } = await ended;
    assert.equal(status, 0, stderr);
    disturbed = (JSON.parse(stdout) as { result: SweepResult }).result;
    for (const key of killed) {
      const lines = await createFolderStore(home).chain({ stage: key }).read();
      assert.ok(lines.some(({ type }) => type === 'attempt-lost'));
    }
  });

  it('make the bytes and scores of an undisturbed run', async () => {
    const facts = factsOf(await quiet);
    assert.deepEqual(Object.keys(facts.scores).sort(), [...names].sort());
    assert.deepEqual(factsOf(disturbed), facts);
  });

  it('are verified', async () => {
    const { passed, complete, checks } = await verifyRun(disturbed.sweepId, { home: homes.disturbed.path() });
    assert.deepEqual([passed, complete], [true, true], JSON.stringify(checks, undefined, 2));
  });

  it('are in the reports, with the names of their stages', () => {
    const folder = join(homes.disturbed.path(), 'reports', disturbed.sweepId);
    for (const [example, called] of Object.entries(examples)) {
      const html = readFileSync(join(folder, `report-example=${example}.html`), 'utf8');
      for (const name of called) assert.ok(html.includes(name), `${example}: ${name}`);
    }
  });
});
