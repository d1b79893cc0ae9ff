import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readEvidence,
  readTimeline,
  renderExport,
  renderMlflow,
  sendToMlflow,
  writeCrate,
} from '../../../audit';
import { readRunTotals } from '../../../app/results/run-totals';
import { renderEnding } from '../../../cli/print/ending';
import { renderStatus } from '../../../cli/print/status';
import { placeFacts } from '../../../app/plan/place-facts';
import type { RunStatus } from '../../../client';
import type { SweepAnalysis } from '../../../contracts/analysis/sweep';
import { type RunTimeline, describeTotals } from '../../../contracts/run-timeline';
import type { LedgerLine, LineOf } from '../../../schemas/ledger';
import type { Task } from '../../../contracts/task';
import { renderAuditPage } from '../../../report';
import { storedFormat } from '../../../core/stored-format';
import { coordinatesSlug } from '../../../planning';
import { reportFolder } from '../../../host/home';
import { ensureDir } from '../../../host/durable-files';
import { createFolderStore, type Store } from '../../../store';
import { gradeSchoolMath } from '../../../tasks';
import { createInk } from '../../../cli/print/ink';
import { renderTimeline } from '../../../cli/print/timeline';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';
import { call } from '../../support/cli/executable';
import type { RanSweep } from '../../support/sweep-bench';
import { MlflowStandIn } from '../../support/audit/mlflow-server';
import { runSharingSweeps, unjudged } from '../../support/audit/sharing-sweeps';

interface Event {
  readonly eventType: string;
  readonly eventTime: string;
  readonly run: { readonly runId: string };
  readonly inputs: readonly { readonly facets: { readonly ownership?: { owners: { name: string }[] } } }[];
}

interface Entity {
  readonly '@id': string;
  readonly startTime?: string;
  readonly error?: string;
  readonly actionStatus?: { readonly '@id': string };
  readonly isBasedOn?: { readonly '@id': string };
}

describe('exports of runs that share stages', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const text = (experimentId: string, format: 'csv' | 'open-lineage' | 'in-toto' | 'model-card') =>
    renderExport(store, { experimentId, format, key: null });
  let store: Store;
  let maker: RanSweep;
  let reuser: RanSweep;
  let failing: RanSweep;
  let cancelled: string;
  let failedStatus: RunStatus;
  let timeline: RunTimeline;
  /** Attempts in the ledgers of the reuser's stages, by any run. */
  let started: LineOf<'attempt-started'>[];

  before(async () => {
    store = createFolderStore(folder.path());
    ({ cancelled, maker, reuser, failing, failedStatus } = await runSharingSweeps(folder.path()));
    timeline = await readTimeline(store, reuser.plan.sweepId);
    const chains = await Promise.all(timeline.stages.map(({ key }) => store.chain({ stage: key }).read()));
    const isStart = (line: LedgerLine): line is LineOf<'attempt-started'> => line.type === 'attempt-started';
    started = chains.flat().filter(isStart);
  });

  /** The maker trained the models; the cancelled run made the data. */
  const makers = () => [cancelled, maker.plan.sweepId];
  const sorted = (all: readonly unknown[]) => [...new Set(all)].sort();
  const own = () => started.filter(({ experimentId }) => experimentId === reuser.plan.sweepId);

  /** Output of `budgetline report` for a sweep. */
  async function report({ resolved, plan: { cells }, result }: RanSweep, tasks: readonly Task[]) {
    const { definition } = resolved;
    const places = placeFacts(resolved, { tasks, cells });
    const record = { format: storedFormat, definition, places, result, run: {} };
    const folderOf = await ensureDir(reportFolder(folder.path(), result.sweepId));
    await writeFile(join(folderOf, 'result.json'), JSON.stringify(record));
    const env = { BUDGETLINE_HOME: folder.path() };
    const { stdout, stderr, status } = await call(['report', result.sweepId, '--json'], { env });
    assert.equal(status, 0, stderr);
    const { analyses = [] } = JSON.parse(stdout) as {
      readonly analyses?: { readonly axes: Record<string, string>; readonly analysis: SweepAnalysis }[];
    };
    const pages = (slug: string): string => {
      const page = readFileSync(join(folderOf, `report${slug}.html`), 'utf8').replace(/\s+/g, ' ');
      return page.replaceAll('&#39;', "'").replaceAll('&quot;', '"');
    };
    return { analyses, pages };
  }

  it('the fixture shares stages, and other runs have attempts at them', () => {
    assert.deepEqual(reuser.result.failedCells, []);
    assert.ok(own().length > 0 && own().length < started.length);
    const others = new Set(started.map(({ experimentId }) => experimentId));
    assert.deepEqual([...others].sort(), [cancelled, maker.plan.sweepId, reuser.plan.sweepId].sort());
  });

  it('the history counts only the run’s own attempts, and names the makers of reused stages', () => {
    const { totals, stages, openedAt } = timeline;
    assert.equal(totals.attempts, own().length);
    assert.ok(stages.every(({ attempts }) => attempts.every(({ startedAt }) => startedAt >= openedAt)));
    const reused = stages.filter(({ state }) => state === 'reused');
    assert.ok(reused.length > 0 && reused.every(({ attempts }) => attempts.length === 0));
    assert.deepEqual(sorted(reused.map(({ madeBy }) => madeBy)), makers());
    assert.equal(totals.states.reused, reused.length);
    assert.deepEqual(timeline.lastRun?.totals, totals, 'it ran once, with continue-as-new');
    assert.equal(reuser.result.cost.attempts, totals.attempts);
  });

  it('terminal and page show no problem of another run', () => {
    const lines = renderTimeline(timeline, createInk(false)).join('\n');
    assert.match(lines, /Problems\n {2}none\n/);
    assert.ok(lines.includes('made by maker-'));
    assert.ok(lines.includes(describeTotals(timeline.totals)));
    const page = renderAuditPage(timeline);
    assert.equal([...page.matchAll(/class="attempt"/g)].length, own().length);
    assert.ok(page.includes(`${cancelled}: cancelled`) && page.includes(describeTotals(timeline.totals)));
  });

  it('CSV marks attempts of other runs as shared, with their run', async () => {
    const [head = '', ...rows] = (await text(timeline.experimentId, 'csv')).trimEnd().split('\r\n');
    const [whose, shared] = ['experimentId', 'shared'].map((name) => head.split(',').indexOf(name));
    const cells = rows.map((row) => row.split(','));
    assert.equal(rows.length, started.length);
    for (const row of cells)
      assert.equal(row[shared ?? 0], String(row[whose ?? 0] !== timeline.experimentId), row.join());
  });

  it('OpenLineage has events of the run’s own attempts, and the owners of reused inputs', async () => {
    const events = (await text(timeline.experimentId, 'open-lineage'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    assert.equal(new Set(events.map(({ run }) => run.runId)).size, own().length);
    assert.ok(events.every(({ eventTime }) => eventTime >= timeline.openedAt));
    const owners = events.flatMap(({ inputs }) =>
      inputs.flatMap(({ facets }) => facets.ownership?.owners.map(({ name }) => name) ?? []),
    );
    assert.ok(owners.length > 0 && owners.every((owner) => makers().includes(owner)), owners.join());
  });

  it('an in-toto statement attests the run’s own models; the rest are dependencies with their makers', async () => {
    const statement = JSON.parse(await text(timeline.experimentId, 'in-toto')) as {
      readonly subject: readonly { readonly name: string }[];
      readonly predicate: {
        readonly buildDefinition: {
          readonly resolvedDependencies: readonly {
            readonly name: string;
            readonly annotations?: { readonly madeBy: string };
          }[];
        };
      };
    };
    const keysOf = (state: string): string[] =>
      timeline.stages.flatMap((stage) => (stage.state === state ? [stage.key] : []));
    const named = (name: string): string => /-([0-9a-f]{64})\//.exec(name)?.[1] ?? '';
    for (const { name } of statement.subject) assert.ok(keysOf('made').includes(named(name)), name);
    const foreign = statement.predicate.buildDefinition.resolvedDependencies.filter(
      ({ annotations }) => annotations !== undefined,
    );
    assert.ok(foreign.length > 0);
    for (const { name, annotations } of foreign) {
      assert.ok(keysOf('reused').includes(named(name)), name);
      const stage = timeline.stages.find(({ key }) => key === named(name));
      assert.equal(annotations?.madeBy, stage?.madeBy);
    }
  });

  async function crateOf(experimentId: string): Promise<Entity[]> {
    const run = { store, home: folder.path(), experimentId };
    await writeCrate(run, 'test', folder.at(`${experimentId}.crate`));
    const path = folder.at(`${experimentId}.crate/ro-crate-metadata.json`);
    return (JSON.parse(await readFile(path, 'utf8')) as { readonly '@graph': Entity[] })['@graph'];
  }
  const statusOf = (graph: readonly Entity[], id = '#run'): string =>
    graph
      .find((entity) => entity['@id'] === id)
      ?.actionStatus?.['@id'].split('/')
      .at(-1) ?? '';

  it('an RO-Crate has the run’s own attempts as actions, and marks reused stages', async () => {
    const graph = await crateOf(timeline.experimentId);
    const attempts = graph.filter((entity) => entity['@id'].startsWith('#attempt-'));
    assert.equal(attempts.length, own().length);
    const actions = graph.filter(({ startTime }) => startTime !== undefined);
    assert.ok(actions.every(({ startTime = '' }) => startTime >= timeline.openedAt));
    const reused = graph.filter(({ isBasedOn }) => isBasedOn !== undefined);
    assert.equal(reused.length, timeline.totals.states.reused);
    assert.deepEqual(
      sorted(reused.map(({ isBasedOn }) => isBasedOn?.['@id'])),
      makers().map((id) => `#sweep-${id}`),
    );
    assert.equal(statusOf(graph), 'CompletedActionStatus');
  });

  it('an RO-Crate marks cancelled and failed runs as failed, with the reason', async () => {
    const stopped = await crateOf(cancelled);
    const broken = await crateOf(failing.plan.sweepId);
    for (const graph of [stopped, broken])
      for (const id of ['#run', '#organize']) assert.equal(statusOf(graph, id), 'FailedActionStatus');
    const errorOf = (graph: readonly Entity[]): string =>
      graph.find((entity) => entity['@id'] === '#run')?.error ?? '';
    assert.match(errorOf(stopped), /cancelled/);
    assert.match(errorOf(broken), /2 of 2 cells did not finish: 10 stages, 1 reused, 3 failed/);
  });

  it('MLflow has every cell, also cells that share an evaluation; sending again adds nothing', async () => {
    const server = await MlflowStandIn.start();
    try {
      const experiment = renderMlflow(await readEvidence(store, timeline.experimentId));
      const evaluations = new Set(reuser.result.cells.map(({ evaluation }) => evaluation.key));
      assert.ok(evaluations.size < reuser.result.cells.length, 'cells share evaluations');
      const place = { address: server.address, token: '' };
      server.failFrom = 12;
      await assert.rejects(sendToMlflow(experiment, place), { code: 'EXPORT_REFUSED' });
      const cut = server.runs.length;
      server.failFrom = Infinity;
      const count = reuser.result.cells.length;
      assert.deepEqual(await sendToMlflow(experiment, place), { added: count - cut, updated: cut });
      assert.deepEqual(await sendToMlflow(experiment, place), { added: 0, updated: count });
      const expected = experiment.runs.map(({ params, metrics, tags, status }) => [
        status,
        ...[params.length, metrics.length, tags.length],
      ]);
      assert.deepEqual(
        server.runs.map((run) => [run.status, run.params.size, run.metrics.size, run.tags.size]),
        expected,
      );
      const opened = Date.parse(timeline.openedAt);
      assert.ok(experiment.runs.every(({ start_time }) => start_time >= opened));
      assert.ok(
        experiment.runs.some(({ tags }) => tags.some(({ value }) => value.includes('made by maker-'))),
      );
    } finally {
      server.stop();
    }
  });

  it('MLflow has failed cells, with the reason', async () => {
    const { runs } = renderMlflow(await readEvidence(store, failing.plan.sweepId));
    assert.deepEqual(
      runs.map(({ status, tags }) => [status, tags.at(-1)?.value.includes('no verifier for this')]),
      [
        ['FAILED', true],
        ['FAILED', true],
      ],
    );
  });

  it('a model card has the winning cell’s values, and the makers of its stages', async () => {
    const card = await text(timeline.experimentId, 'model-card');
    const [, fraction, loss, annotator] =
      /^# .*, SFT share ([\d.]+), loss (\w+), annotator (\S+),/m.exec(card) ?? [];
    const best = reuser.result.cells.find(
      ({ cell: { sftFraction, axes = {} } }) =>
        String(sftFraction) === fraction && axes['annotator'] === annotator && axes['loss'] === loss,
    );
    const most = Math.max(...reuser.result.cells.map(({ evaluation }) => evaluation.score));
    assert.equal(best?.evaluation.score, most);
    assert.ok(card.includes(`annotator “${best.cell.annotator}”`), card);
    assert.ok(!card.includes('base_model'), 'the embedded model has no name on the hub');
    const kinds = new Set(best.stages.map(({ kind }) => kind));
    for (const name of ['dpo', 'simpo'])
      assert.equal(card.includes(`"${name}"`), kinds.has('trainPreference') && name === loss);
  });

  it('totals of a run with failed evaluations count its stages, attempts and failures', async () => {
    const { totals, state } = await readTimeline(store, failing.plan.sweepId);
    assert.equal(describeTotals(totals), '10 stages, 1 reused, 3 failed; 9 attempts, 3 failed');
    assert.equal(state.is, 'failed');
  });

  it('status, summary and report of such a run have the same totals as its audit', async () => {
    const { plan } = failing;
    const words = describeTotals((await readTimeline(store, plan.sweepId)).totals);
    const totals = await readRunTotals(store, plan.sweepId);
    assert.equal(totals && describeTotals(totals), words);
    assert.ok(
      renderStatus({ ...failedStatus, totals }, createInk(false))
        .join('\n')
        .includes(words),
    );
    const { pages } = await report(failing, [unjudged]);
    assert.ok(pages('').includes(words));
    const ending = { elapsedMs: 1, acquisitionMs: 0, stages: [], reportPaths: [], temporalUi: null };
    const rest = { totals, server: null, resultPath: '', scoresPath: null };
    const printed = renderEnding({ ...ending, ...rest }, createInk(false));
    assert.ok(printed.join(' ').replace(/\s+/g, ' ').includes(words), printed.join('\n'));
  });

  it('each report of a sweep over losses has its own definition and result', async () => {
    const { analyses, pages } = await report(reuser, [gradeSchoolMath]);
    assert.equal(analyses.length, 4);
    for (const { axes, analysis } of analyses) {
      const page = pages(coordinatesSlug(axes));
      const { loss = '', annotator = '' } = axes;
      const isDpo = loss === 'dpo';
      assert.equal(page.includes('where the policy is the reference'), isDpo, loss);
      assert.equal(page.includes('this loss has no reference'), !isDpo, loss);
      const fallen = analysis.findings.filter(({ kind }) => kind === 'falling-chosen');
      assert.ok(isDpo || fallen.length === 0, 'a reward without a reference was compared with 0');
      for (const { name, description } of gradeSchoolMath.annotators)
        assert.equal(page.includes(description), name === annotator, `${annotator}: ${description}`);
      assert.equal(analysis.annotator, annotator);
      const bases = new Set(reuser.result.variants?.find((place) => place.axes['loss'] === loss)?.stageKeys);
      assert.ok([...bases].every((key) => page.includes(key)));
    }
  });

  it('cost and time in the totals are the sums over the run’s own lines in the ledger', async () => {
    const chains = await Promise.all(timeline.stages.map(({ key }) => store.chain({ stage: key }).read()));
    const ended = chains
      .flat()
      .flatMap((line) =>
        line.type === 'attempt-ended' && line.experimentId === timeline.experimentId ? [line] : [],
      );
    const sum = (pick: (line: (typeof ended)[number]) => number): number =>
      ended.reduce((total, line) => total + pick(line), 0);
    const { usd, deviceMs, tokens } = timeline.totals;
    assert.ok(usd > 0 && tokens > 0);
    assert.deepEqual(
      [usd, deviceMs, tokens].map((value) => value.toFixed(6)),
      [sum((line) => line.usd), sum((line) => line.deviceMs), sum((line) => line.tokens)].map((value) =>
        value.toFixed(6),
      ),
    );
    assert.equal(reuser.result.cost.tokens, tokens);
  });
});
