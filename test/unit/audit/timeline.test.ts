import { strict as assert } from 'node:assert';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stageKinds } from '../../../stages';
import {
  diffRuns,
  explainStage,
  openExperimentLedger,
  readSigningKey,
  readTimeline,
  recordStages,
  renderExport,
  startAttempt,
  endAttempt,
} from '../../../audit';
import { type RunTimeline, describeTotals } from '../../../contracts/run-timeline';
import { digestOf } from '../../../core/digest';
import { renderAuditPage } from '../../../report';
import { createFolderStore, type Store } from '../../../store';
import { paidNothing } from '../../support/payments';
import { temporaryFolder } from '../../support/temporary';
import { createInk } from '../../../cli/print/ink';
import { renderTimeline } from '../../../cli/print/timeline';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const hostile = '<script>alert(1)</script>';

interface Made {
  readonly rows: number;
  readonly inputs?: Record<string, string>;
}

/** Publishes a stage like an attempt, without training. */
async function publish(store: Store, kind: 'synthesizeData' | 'trainSft', made: Made): Promise<string> {
  const spec = { kind, rows: made.rows };
  const inputs = made.inputs ?? {};
  const key = digestOf({ spec, revision: 1, inputs });
  const dir = join(store.name, key);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'rows.jsonl'), `${made.rows}\n`);
  const cost = {
    wallMs: 1,
    deviceMs: 1,
    cpuMs: 1,
    tokens: 1,
    attempts: 1,
    verifierCalls: 0,
  };
  const how = {
    device: 'cpu',
    threads: 1,
    trainer: 't',
    microBatches: [],
    warnings: [],
    cost,
  };
  const manifest = {
    makes: stageKinds[kind].makes,
    revision: 1,
    title: `${made.rows} rows`,
    spec,
    inputs,
    inputDigests: {},
    metrics: {},
    made: {
      at: new Date().toISOString(),
      host: 'h',
      experimentId: kind === 'synthesizeData' ? 'before' : 'e',
      fence: 1,
      paid: paidNothing,
      ...how,
    },
  };
  await store.publish({ id: { kind, key }, dir, manifest }, { check: () => Promise.resolve() });
  return key;
}

const who = { workflowId: 'e', runId: 'r', attempt: 1, activity: '1', experimentId: 'e' };
const from = {
  actor: '=a',
  host: 'h',
  pid: 1,
  device: 'cpu',
  codeDigest: '',
  worker: null,
  packageVersion: '0',
};
const used = {
  wallMs: 1000,
  deviceMs: 800,
  cpuMs: 700,
  peakMemoryBytes: 9,
  tokens: 5,
  ...paidNothing,
  verifierCalls: 2,
  callUsd: 0.25,
  usd: 0.5,
};
const exits = {
  exitCodes: [0],
  trainerProcesses: 1,
  jobs: [],
  inputDigests: {},
  manifestDigest: null,
};

const claim = (fence: number) => ({ fence, check: () => Promise.resolve() });

async function recordAttempts(store: Store, stage: string): Promise<void> {
  const chain = store.chain({ stage });
  const names = { ...who, stage, kind: 'trainSft' };
  const start = {
    ...names,
    ...from,
    specDigest: sha('s'),
    inputs: {},
    rows: null,
    resumedFromStep: null,
  };
  const artifact = (await store.get({ kind: 'trainSft', key: stage }))?.manifest.digest ?? null;
  await startAttempt(chain, { ...start, fence: 1 }, claim(1));
  await chain.append(
    {
      type: 'attempt-micro-batch-reduced',
      stage,
      kind: 'trainSft',
      fence: 1,
      fromStep: 3,
      rows: 4,
    },
    claim(1),
  );
  const warning = { code: 'OVERLENGTH', message: '3 rows were dropped.' };
  await chain.append(
    {
      type: 'attempt-warning',
      stage,
      kind: 'trainSft',
      fence: 1,
      ...warning,
    },
    claim(1),
  );
  const failed = {
    outcome: 'failed',
    code: 'TRAINER_CRASHED',
    message: hostile,
    artifact: null,
    scores: null,
  } as const;
  await endAttempt(chain, { ...names, fence: 1, ...failed, ...exits, ...used }, claim(1));
  await startAttempt(chain, { ...start, fence: 2, attempt: 2 }, claim(2));
  await startAttempt(
    chain,
    {
      ...start,
      fence: 3,
      attempt: 3,
      resumedFromStep: 7,
    },
    claim(3),
  );
  await chain.append(
    {
      type: 'attempt-checkpoint',
      stage,
      kind: 'trainSft',
      fence: 3,
      step: 8,
      sha256: 'x',
      bytes: 1,
    },
    claim(3),
  );
  const published = {
    outcome: 'published' as const,
    code: null,
    message: null,
    artifact,
    scores: [
      { auxiliary: null, items: 8, score: 0.5, low: 0.2, high: 0.8 },
      { auxiliary: 'ifeval', items: 4, score: 0.25, low: 0.05, high: 0.7 },
    ],
  };
  await endAttempt(
    chain,
    {
      ...names,
      fence: 3,
      ...published,
      ...exits,
      ...used,
    },
    claim(3),
  );
}

describe('the history of a run', () => {
  const folder = temporaryFolder();
  let store: Store;
  let timeline: RunTimeline;
  let keys: { data: string; sft: string; other: string };

  before(async () => {
    store = createFolderStore(folder.at('home'));
    await store.prepare();
    const data = await publish(store, 'synthesizeData', { rows: 8 });
    const more = await publish(store, 'synthesizeData', { rows: 16 });
    const sft = await publish(store, 'trainSft', { rows: 1, inputs: { data } });
    const other = await publish(store, 'trainSft', {
      rows: 1,
      inputs: { data: more },
    });
    keys = { data, sft, other };
    await recordAttempts(store, sft);
    const opening = {
      experimentId: 'e',
      definitionDigest: sha('d'),
      actor: 'opener',
    };
    await openExperimentLedger(store, {
      ...opening,
      definition: { name: 'e', sft: { epochs: 2 } },
    });
    await openExperimentLedger(store, {
      ...opening,
      experimentId: 'f',
      definition: { name: 'f', sft: { epochs: 3 } },
    });
    const record = (stage: string, kind: string) => ({
      stage,
      kind,
      cached: kind !== 'trainSft',
      artifact: sha(stage),
      stageHead: null,
    });
    await recordStages(store, 'e', [record(data, 'synthesizeData'), record(sft, 'trainSft')]);
    const run = {
      experimentId: 'e',
      workflowId: 'e',
      workflowType: 'allocationSweep',
      runId: 'r',
    };
    const events = [
      {
        eventId: '1',
        eventTime: '2026-01-01T00:00:00Z',
        eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
        workflowExecutionStartedEventAttributes: {
          workflowType: { name: 'allocationSweep' },
        },
      },
    ];
    await store.write({ history: 'r' }, JSON.stringify({ events }));
    const chain = store.chain({ experiment: 'e' });
    await chain.append(
      {
        type: 'history-exported',
        ...run,
        events: 1,
        sha256: sha('h'),
        codeDigest: null,
      },
      claim(1),
    );
    const steering = {
      experimentId: 'e',
      workflowId: 'e',
      requestId: 'q',
      actor: 'ann',
    };
    await chain.append(
      {
        type: 'run-steered',
        ...steering,
        command: { action: 'pause', mode: 'yield' },
      },
      claim(1),
    );
    timeline = await readTimeline(store, 'e');
  });

  it('has every attempt, also the lost one, and sums of cost', () => {
    const stage = timeline.stages.find(({ kind }) => kind === 'trainSft');
    assert.deepEqual(
      stage?.attempts.map(({ outcome, code, attempt }) => [outcome, code, attempt]),
      [
        ['failed', 'TRAINER_CRASHED', 1],
        ['lost', null, 2],
        ['published', null, 3],
      ],
    );
    assert.deepEqual(stage.attempts[0]?.microBatchReductions, [{ fromStep: 3, rows: 4 }]);
    assert.deepEqual(stage.attempts[0].warnings, [{ code: 'OVERLENGTH', message: '3 rows were dropped.' }]);
    assert.equal(stage.attempts[2]?.checkpoints[0]?.step, 8);
    assert.equal(stage.attempts[1]?.cpuMs, null, 'unknown for a lost attempt');
    assert.deepEqual([timeline.totals.cpuMs, timeline.totals.cpuUnknown], [1400, 1]);
    const { workingMs, usd, verifierCalls } = timeline.totals;
    assert.deepEqual([workingMs, usd, verifierCalls], [2000, 1, 4]);
    assert.equal(describeTotals(timeline.totals), '2 stages, 1 reused; 3 attempts, 1 failed, 1 lost');
  });

  it('has who paused the run', () => {
    const [act] = timeline.interventions;
    assert.deepEqual([act?.actor, act?.what], ['ann', 'pause, yield']);
  });

  it('is printed with failures, within the page', () => {
    const lines = renderTimeline(timeline, createInk(false));
    assert.match(
      lines.join('\n'),
      / main task +0\.500 \(0\.200–0\.800\) +8\n +ifeval +0\.250 \(0\.050–0\.700\) +4\n/,
    );
    const text = lines.join('\n');
    for (const wanted of ['TRAINER_CRASHED', 'micro-batch size 4', 'recorded no ending', 'ann: pause, yield'])
      assert.ok(text.includes(wanted), `${wanted} in\n${text}`);
    assert.ok(lines.every((line) => [...line].length <= 110));
  });

  it('is a page with a bar for every attempt and all texts escaped', () => {
    const page = renderAuditPage(timeline);
    assert.ok(page.includes('>ifeval</td>') && page.includes('>0.050 to 0.700</td>'));
    assert.equal([...page.matchAll(/class="attempt"/g)].length, 3);
    for (const wanted of ['OVERLENGTH: 3 rows were dropped.', 'not measured'])
      assert.ok(page.includes(wanted), wanted);
    assert.ok(!page.includes('<script'));
    assert.ok(page.includes('&lt;script&gt;'));
    assert.equal(renderAuditPage(timeline), page);
  });

  it('explains why a stage ran: by the field of its input that differs', async () => {
    const explanation = await explainStage(store, keys.sft.slice(0, 12));
    assert.equal(explanation.nearest?.key, keys.other);
    assert.deepEqual(explanation.differences, [{ field: 'data › spec.rows', a: '16', b: '8' }]);
    assert.deepEqual((await explainStage(store, keys.data)).usedBy, ['e']);
    await assert.rejects(explainStage(store, 'zzz'), { code: 'INPUT_MISSING' });
  });

  it('compares two runs field by field', async () => {
    const { definition, environment } = await diffRuns(
      { store, experimentId: 'e' },
      { store, experimentId: 'f' },
    );
    assert.deepEqual(
      definition.map(({ field, a, b }) => [field, a, b]),
      [
        ['name', '"e"', '"f"'],
        ['sft.epochs', '2', '3'],
      ],
    );
    assert.ok(environment.some(({ field }) => field === 'host'));
    const same = await diffRuns({ store, experimentId: 'e' }, { store, experimentId: 'e' });
    const { definition: none, data, model, code, environment: nothing } = same;
    assert.deepEqual([none, data, model, code, nothing].flat(), []);
  });

  it('exports to CSV, with formulas escaped', async () => {
    const text = await renderExport(store, {
      experimentId: 'e',
      format: 'csv',
      key: null,
    });
    const [head, ...rows] = text.trimEnd().split('\r\n');
    assert.ok(head?.startsWith('stage,kind,title,'));
    assert.equal(rows.length, 3);
    assert.ok(rows.every((row) => row.includes("'=a")));
  });

  it('exports to OpenLineage: start and end of each attempt, with failures', async () => {
    const text = await renderExport(store, {
      experimentId: 'e',
      format: 'open-lineage',
      key: null,
    });
    const events = text
      .trimEnd()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as {
            eventType: string;
            run: { runId: string; facets: object };
          },
      );
    assert.deepEqual(
      events.map(({ eventType }) => eventType),
      ['START', 'FAIL', 'START', 'FAIL', 'START', 'COMPLETE'],
    );
    assert.equal(new Set(events.map(({ run }) => run.runId)).size, 3);
    assert.ok(JSON.stringify(events[1]?.run.facets).includes('TRAINER_CRASHED'));
  });

  it('exports a signed in-toto statement over the files of its models', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    await writeFile(folder.at('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const options = {
      experimentId: 'e',
      format: 'in-toto',
      key: readSigningKey(folder.at('key.pem')),
    } as const;
    const envelope = JSON.parse(await renderExport(store, options)) as Record<
      'payload' | 'payloadType',
      string
    > & {
      signatures: { sig: string }[];
    };
    const payload = Buffer.from(envelope.payload, 'base64');
    const statement = JSON.parse(payload.toString()) as {
      subject: { name: string }[];
    };
    assert.deepEqual(
      statement.subject.map(({ name }) => name),
      [`trainSft-${keys.sft}/rows.jsonl`],
    );
    const { payloadType, signatures } = envelope;
    const signed = Buffer.concat([
      Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
      payload,
    ]);
    assert.ok(verify(null, signed, publicKey, Buffer.from(signatures[0]?.sig ?? '', 'base64')));
  });
});
