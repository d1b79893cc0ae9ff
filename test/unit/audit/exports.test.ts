import { strict as assert } from 'node:assert';
import { sendToMlflow } from '../../../audit';
import type { ExportEvidence } from '../../../audit/exports/evidence';
import { renderMlflow } from '../../../audit/exports/mlflow';
import { renderModelCard } from '../../../audit/exports/model-card';
import { renderCrate, type CrateEntity } from '../../../audit/exports/ro-crate';
import { readManifest } from '../../../audit/stage-differences';
import type { AuditedAttempt, AuditedStage } from '../../../contracts/run-timeline';
import { createFolderStore, type Store } from '../../../store';
import { publishTwoRounds, readCell } from '../../support/audit/published';
import { temporaryFolder } from '../../support/temporary';

const key = 'a'.repeat(64);
const hostile = '<b>*x*</b> | "y"';

function attempt(fence: number, changes: Partial<AuditedAttempt>): AuditedAttempt {
  return {
    fence,
    workflowId: 'w',
    runId: 'r',
    attempt: fence,
    experimentId: 'e',
    actor: 'ann b',
    host: 'h',
    device: 'cpu',
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T00:01:00Z',
    outcome: 'published',
    code: null,
    message: null,
    resumedFromStep: null,
    checkpoints: [],
    microBatchReductions: [],
    warnings: [],
    exitCodes: [],
    wallMs: 1,
    deviceMs: 1,
    cpuMs: 1,
    peakMemoryBytes: 1,
    tokens: 1,
    verifierCalls: 0,
    usd: null,
    ...changes,
  };
}

const stage: AuditedStage = {
  key,
  kind: 'evaluate',
  title: hostile,
  state: 'made',
  madeBy: 'e',
  artifact: key,
  cell: null,
  requestedAt: null,
  waitingMs: null,
  scores: [],
  shared: [],
  attempts: [attempt(1, { outcome: 'failed', code: 'TRAINER_CRASHED', message: 'why' }), attempt(2, {})],
};

const named = { task: hostile, model: 'hub:o/m@v1', annotator: hostile };
const evidence = {
  timeline: {
    experimentId: 'e',
    definition: {},
    state: { is: 'completed', reason: null },
    definitionDigest: key,
    openedAt: '2026-01-01T00:00:00Z',
    openedBy: 'ann b',
    lastAt: '2026-01-01T00:02:00Z',
    stages: [stage],
    interventions: [],
    workflows: [],
    anchor: null,
  },
  manifests: new Map(),
  unfinished: () => [],
  cells: () =>
    [0.5, 0.75].map((score) => ({
      cell: { ...named, id: `e-r${score}`, budget: 64, sftFraction: score, seed: 0 },
      startedAt: '2026-01-01T00:00:00Z',
      endedAt: '2026-01-01T00:01:00Z',
      evaluation: { key, score, items: 4, auxiliary: [{ name: 'ifeval', score: 0.125, items: 2 }] },
      stages: [{ kind: 'evaluate', title: hostile, key, digest: key }],
    })),
} as unknown as ExportEvidence;

/** Evidence of one cell of a pipeline with two rounds. */
async function roundsEvidence(store: Store): Promise<ExportEvidence> {
  const cell = readCell(await publishTwoRounds(store));
  const read = cell.stages.map(async ({ key: of }) => [of, (await readManifest(store, of))!] as const);
  return { ...evidence, manifests: new Map(await Promise.all(read)), cells: () => [cell] };
}

describe('exports', () => {
  const folder = temporaryFolder();
  const path = `store/artifacts/evaluate-${key}/items.jsonl`;
  const crate = renderCrate(evidence, {
    paths: [path, 'store/code/c.js'],
    workflow: 'store/code/c.js',
    packageVersion: '1',
  }) as { '@graph': CrateEntity[] };
  const graph = crate['@graph'];

  function references(value: unknown): string[] {
    if (Array.isArray(value)) return value.flatMap(references);
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, part]) =>
      name === '@id' ? [String(part)] : references(part),
    );
  }

  it('describe every entity that a crate refers to, once', () => {
    const ids = graph.map((entity) => entity['@id']);
    assert.equal(new Set(ids).size, ids.length);
    const outside = (id: string): boolean => /^https?:/.test(id);
    const missing = references(graph).filter((id) => !ids.includes(id) && !outside(id));
    assert.deepEqual(missing, []);
    assert.ok(ids.includes(path));
  });

  it('have every attempt in a crate, failed ones with the reason', () => {
    const actions = graph.filter((entity) => entity['@id'].startsWith('#attempt-'));
    assert.deepEqual(
      actions.map(({ error, result }) => [error, result !== undefined]),
      [
        ['TRAINER_CRASHED: why', false],
        [undefined, true],
      ],
    );
  });

  it('export a cell to MLflow as a run, tagged with the cell', () => {
    const { name, runs } = renderMlflow(evidence);
    assert.equal(name, 'budgetline/e');
    assert.deepEqual(
      runs.map(({ params, metrics }) => [
        params.find(({ key: name }) => name === 'sftFraction'),
        metrics.map((metric) => [metric.key, metric.value]),
      ]),
      [0.5, 0.75].map((score) => [
        { key: 'sftFraction', value: String(score) },
        [
          ['score', score],
          ['items', 4],
          ['auxiliary.ifeval.score', 0.125],
          ['auxiliary.ifeval.items', 2],
        ],
      ]),
    );
    assert.deepEqual(
      runs.map(({ tags }) => tags[0]),
      [0.5, 0.75].map((score) => ({ key: 'budgetline.cell', value: `e-r${score}` })),
    );
  });

  it('export a cell to MLflow once: its score stays, even if a later run was cancelled', () => {
    const unfinished = ['e-r0.5', 'e-r1'].map((id) => ({
      cell: { ...named, id, budget: 64, sftFraction: 1, seed: 0 },
      state: 'cancelled',
      reason: 'cancelled',
      startedAt: '2026-01-02T00:00:00Z',
      endedAt: '2026-01-02T00:01:00Z',
    }));
    const { runs } = renderMlflow({ ...evidence, unfinished: () => unfinished } as unknown as ExportEvidence);
    const tag = (run: (typeof runs)[number], name: string) =>
      run.tags.find(({ key: tagged }) => tagged === name)?.value;
    assert.deepEqual(
      runs.map((run) => [tag(run, 'budgetline.cell'), run.status, tag(run, 'budgetline.failure')]),
      [
        ['e-r0.5', 'FINISHED', ''],
        ['e-r0.75', 'FINISHED', ''],
        ['e-r1', 'KILLED', 'cancelled'],
      ],
    );
  });

  it('name the MLflow server that refused', async () => {
    const nowhere = { address: 'http://127.0.0.1:1', token: '' };
    await assert.rejects(sendToMlflow(renderMlflow(evidence), nowhere), { code: 'EXPORT_REFUSED' });
  });

  it('render a card of the model with the best score, with all texts escaped', () => {
    const card = renderModelCard(evidence);
    const [, matter = '', ...body] = card.split(/^---$/m);
    assert.ok(matter.includes('base_model: "o/m"') && matter.includes('value: 0.75'), matter);
    assert.match(body.join(''), /o\/m \(hub revision v1\)/);
    assert.ok(!/[^\\]<b>/.test(body.join('')), body.join(''));
    assert.match(body.join(''), /\| cell \| score \| ifeval \|\n.*\n(.*\| 0\.\d+ \| 0\.125 \|\n){2}/);
    assert.match(body.join(''), /only “ifeval” was measured/);
    assert.throws(() => renderModelCard({ ...evidence, cells: () => [] }), { code: 'INPUT_MISSING' });
  });

  it('name every stage of a pipeline with several of a kind, and the evaluation that scores its cell', async () => {
    const rounds = await roundsEvidence(createFolderStore(folder.at('rounds')));
    const run = renderMlflow(rounds).runs[0]!;
    const { evaluation } = rounds.cells()[0]!;
    assert.deepEqual(
      run.tags.filter(({ key: tag }) => tag === 'budgetline.evaluation').map(({ value }) => value),
      [evaluation.key],
    );
    const metrics = run.metrics.map(({ key: metric, value }) => [metric, value]);
    assert.deepEqual(
      metrics.filter(([metric]) => /^(trainPreference|evaluate)/.test(String(metric))),
      [
        ['trainPreference DPO on 8 pairs.loss', 0.1],
        ['trainPreference beta 0.1_ DPO on 8 pairs.loss', 0.1],
        ['trainPreference beta 0.5_ DPO on 8 pairs.loss', 0.5],
        ['evaluate validation of beta 0.1.score', 0.25],
        ['evaluate validation of beta 0.5.score', 0.5],
      ],
    );
  });

  it('keep metrics apart whose names differ only in characters that MLflow refuses', () => {
    const [cell] = evidence.cells();
    const stages = ['乙', '丙', '_'].map((title) => ({
      kind: 'trainSft',
      makes: 'adapter',
      title,
      key: title,
    }));
    const auxiliary = ['乙', '丙'].map((name) => ({ name, score: 0.5 }));
    const scored = { ...cell!, stages, evaluation: { ...cell!.evaluation, auxiliary } } as typeof cell;
    const manifests = new Map(stages.map(({ key: of }) => [of, { metrics: { loss: 1 } }] as const));
    const named = { ...evidence, manifests, cells: () => [scored] } as unknown as ExportEvidence;
    const metrics = renderMlflow(named).runs[0]!.metrics.map(({ key: metric }) => metric);
    assert.deepEqual(
      metrics.filter((metric) => /^(auxiliary|trainSft)/.test(metric)),
      [
        ...['auxiliary._.score', 'auxiliary._ 2.score'],
        ...['trainSft _.loss', 'trainSft _ 2.loss', 'trainSft _ 3.loss'],
      ],
    );
  });

  it('list on a card the rows that the model was trained on, and no others that it needed', () => {
    const made = (kind: string, makes: string, title: string, inputs = {}) => ({
      stage: { kind, makes, title, key: title },
      manifest: { makes, spec: {}, inputs },
    });
    const all = [
      made('own', 'rows', 'early'),
      made('own', 'rows', 'late', { after: 'early' }),
      made('own', 'rows', 'examples'),
      made('trainSft', 'adapter', 'tuned', { data: 'late' }),
      made('evaluate', 'scores', 'scored', { adapter: 'tuned', data: 'examples' }),
    ];
    const [cell] = evidence.cells();
    const stages = all.map(({ stage: each }) => each);
    const scored = { ...cell!, stages, evaluation: { ...cell!.evaluation, key: 'scored' } };
    const manifests = new Map(all.map(({ stage: { key: of }, manifest }) => [of, manifest]));
    const card = renderModelCard({
      ...evidence,
      manifests,
      cells: () => [scored],
    } as unknown as ExportEvidence);
    assert.match(card, /, on late\. It has/);
  });

  it('give a card the score on test items of a model that validation items selected', () => {
    const inputs = { reference: 'frozen' };
    const manifests = new Map<string, object>([
      ['scored', { makes: 'scores', spec: { split: 'validation' }, inputs, metrics: { score: 0.75 } }],
      ['other', { makes: 'scores', spec: {}, inputs: { reference: 'other' }, metrics: { score: 0.9 } }],
      ['one task', { makes: 'scores', spec: { only: 'ifeval' }, inputs, metrics: { score: 0.1 } }],
      ['tested', { makes: 'scores', spec: {}, inputs, metrics: { score: 0.625, items: 8 } }],
    ]);
    const [, cell] = evidence.cells();
    const scored = { ...cell!, evaluation: { ...cell!.evaluation, key: 'scored' } };
    const cardWith = (of: ReadonlyMap<string, object>): string =>
      renderModelCard({ ...evidence, manifests: of, cells: () => [scored] } as unknown as ExportEvidence);
    const card = cardWith(manifests);
    assert.match(card, /Validation items selected it; on 8 test items it scores 0\.625\./);
    assert.match(card, /- type: "score"\n {6}value: 0\.625\n/);
    manifests.delete('tested');
    assert.match(cardWith(manifests), /biased upward on the items that selected it/);
  });

  it('list on a card the stages that the model comes from, and not those that were not chosen', async () => {
    const card = renderModelCard(await roundsEvidence(createFolderStore(folder.at('card'))));
    const table = card.slice(card.indexOf('## Provenance'), card.indexOf('Definition'));
    assert.match(table, /\| DPO on 8 pairs \|/);
    assert.match(table, /\| beta 0\.5: DPO on 8 pairs \|/);
    assert.doesNotMatch(table, /beta 0\.1|validation/);
    assert.equal(card.match(/^- "dpo"$/gm)?.length, 1);
  });
});
