import assert from 'node:assert/strict';
import type { Activities } from '../../../activities';
import { readStatus, startSweep, watchSweep } from '../../../client';
import type { ResolvedSweep } from '../../../contracts/resolved';
import type { SweepResult } from '../../../contracts/results';
import type { StageResult } from '../../../contracts/stage';
import { planGrid } from '../../../planning';
import { createFolderStore } from '../../../store';
import { withIdleWorkers } from '../../support/idle-bench';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

/** Temporal's limit of a payload. */
const payloadBytes = 2 * 1024 * 1024;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Enough metrics to make a stage's result about this many bytes. */
const manyMetrics = (bytes: number): StageResult['metrics'] =>
  Object.fromEntries(Array.from({ length: bytes / 32 }, (_, index) => [`metric${index}`, 0.1234567 + index]));

describe('a sweep whose results are larger than a payload', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  interface Sized {
    readonly result: SweepResult;
    /** Sizes of what the workflow returned and of the documents. */
    readonly returned: number;
    readonly documents: readonly number[];
    readonly recorded: ReadonlySet<string>;
    /** How its first run ended. */
    readonly firstRun: string;
  }

  async function run(
    resolved: ResolvedSweep,
    { stageBytes, maxCellsPerRun = 1_000 }: { readonly stageBytes: number; readonly maxCellsPerRun?: number },
  ): Promise<Sized> {
    const home = folder.path();
    const store = createFolderStore(home);
    const documents: number[] = [];
    const recorded = new Set<string>();
    const real = (): Partial<Activities> => ({
      storeDocument({ document }) {
        documents.push(bytesOf(document));
        return store.storeDocument(document);
      },
      recordStages({ stages }) {
        for (const { key } of stages) recorded.add(key);
        return Promise.resolve(null);
      },
    });
    return withIdleWorkers({ real, metricsOf: () => manyMetrics(stageBytes) }, async (client) => {
      const plan = await planGrid(resolved);
      const started = await startSweep(resolved, {
        client,
        orchestration: { maxConcurrentCells: 10, maxCellsPerRun },
      });
      const result = await watchSweep({ client, plan, started, store, onStatus: () => undefined });
      const returned = bytesOf(await started.handle.result());
      const status = await readStatus(client, plan.sweepId, { store });
      assert.ok(status.progress?.of === 'sweep', 'its status is known');
      assert.equal(status.progress.sweep.cells.length, plan.cells.length);
      assert.equal(status.progress.sweep.controls.length, result.controls.length);
      const { status: first } = await client.workflow.getHandle(plan.sweepId, started.runId).describe();
      return { result, returned, documents, recorded, firstRun: first.name };
    });
  }

  const idsOf = ({ cells }: SweepResult): string[] => cells.map(({ cell }) => cell.id);

  async function assertWhole(
    resolved: ResolvedSweep,
    { result, returned, documents, recorded }: Sized,
  ): Promise<void> {
    const plan = await planGrid(resolved);
    assert.deepEqual(
      idsOf(result),
      plan.cells.map(({ cell }) => cell.id),
      'every cell once, in the order of the plan',
    );
    const controls = plan.controls.certain;
    assert.equal(result.controls.length, controls.length);
    assert.ok(bytesOf(result) > payloadBytes, `the result has ${bytesOf(result)} bytes`);
    for (const size of [returned, ...documents]) assert.ok(size < 0.6 * payloadBytes, `${size} bytes`);
    const stages = [...plan.stages.map(({ stage }) => stage), ...controls.flatMap((each) => each.stages)];
    assert.deepEqual(
      stages.filter(({ key }) => !recorded.has(key)).map(({ title }) => title),
      [],
      'the ledger has every stage',
    );
    assert.ok(result.cost.attempts >= recorded.size, 'and the cost');
  }

  it('is complete if its cells are too large', async () => {
    const seeds = Array.from({ length: 60 }, (_, seed) => seed);
    const resolved = await resolveTinySweep({
      name: 'wide',
      budgets: [8],
      sftFractions: [1],
      seeds,
      controls: [],
    });
    const sized = await run(resolved, { stageBytes: 32_000 });
    await assertWhole(resolved, sized);
    assert.equal(sized.firstRun, 'CONTINUED_AS_NEW', 'no history has as many bytes');
  });

  it('is complete if its controls are too large, over several runs', async () => {
    const seeds = Array.from({ length: 5 }, (_, seed) => seed);
    const resolved = await resolveTinySweep({
      name: 'controlled',
      budgets: [16],
      sftFractions: [0.5, 0],
      seeds,
      controls: ['learning-rate', 'beta'],
    });
    const sized = await run(resolved, { stageBytes: 16_000, maxCellsPerRun: 15 });
    await assertWhole(resolved, sized);
    assert.equal(sized.firstRun, 'CONTINUED_AS_NEW');
    assert.equal(sized.result.controls.length, 40);
  });

  it('is complete if its places on an axis and their bases are too large', async () => {
    const resolved = await resolveTinySweep({
      name: 'axes',
      budgets: [8],
      sftFractions: [1],
      controls: [],
      axes: { 'evaluation.items': Array.from({ length: 15 }, (_, index) => index + 4) },
    });
    const sized = await run(resolved, { stageBytes: 32_000 });
    await assertWhole(resolved, sized);
    assert.equal(sized.result.variants?.length, 15);
    assert.equal(sized.result.baseStages.length, 30);
  });
});
