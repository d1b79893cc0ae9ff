import assert from 'node:assert/strict';
import type { LineOf } from '../../../schemas/ledger';
import type { PlannedStage, StageResult } from '../../../contracts/stage';
import type { ResolvedExperiment } from '../../../contracts/resolved';
import { BudgetlineError } from '../../../core/failures';
import { planStage, stageKinds } from '../../../stages';
import { createFolderStore, type Store } from '../../../store';
import { createBench, prices, resolveSmall, type StageBench } from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';

const full = new BudgetlineError('DISK_FULL', 'No space is left.');

describe('what demonstrations cost', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let resolved: ResolvedExperiment;
  before(async () => {
    resolved = await resolveSmall(await makeTinyModel(folder.at('model')));
  });

  const demonstrations = (rows: number): PlannedStage =>
    planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows });

  const paid = ({ usd, rowsUsd, cached }: StageResult) => ({ usd, rowsUsd, cached });
  const rowsFor = (rows: number, cached = false) => ({
    usd: rows * prices.sftExample,
    rowsUsd: rows * prices.sftExample,
    cached,
  });

  async function endings(bench: StageBench, stage: PlannedStage) {
    const lines = await bench.ledger(stage);
    return lines.filter(
      (line): line is LineOf<'attempt-ended' | 'attempt-lost'> =>
        line.type === 'attempt-ended' || line.type === 'attempt-lost',
    );
  }

  it('is the rows that no other stage has bought; a stage from the store costs nothing', async () => {
    const bench = createBench(folder.at('nested'), {});
    assert.deepEqual(paid(await bench.run(demonstrations(8))), rowsFor(8));
    assert.deepEqual(paid(await bench.run(demonstrations(24))), rowsFor(16));
    assert.deepEqual(paid(await bench.run(demonstrations(16))), rowsFor(0));
    assert.deepEqual(paid(await bench.run(demonstrations(24), { runId: 'later' })), rowsFor(0, true));
    const [ended] = await endings(bench, demonstrations(24));
    assert.ok(ended?.type === 'attempt-ended');
    assert.deepEqual([ended.usd, ended.rowsUsd], [16, 16]);
  });

  it('is each row once if stages of several workers are made at once', async () => {
    const store = createFolderStore(folder.at('at once'));
    const benches = [0, 1, 2].map(() => createBench(folder.at('at once'), { deps: { store } }));
    const results = await Promise.all(
      [8, 32, 16].map((rows, at) => benches[at]!.run(demonstrations(rows), { runId: `run-${at}` })),
    );
    assert.equal(
      results.reduce((sum, { usd }) => sum + usd, 0),
      32 * prices.sftExample,
    );
  });

  /** A store that once fails before or after it publishes an artifact. */
  function failing(home: string, when: 'publishing' | 'recording'): Store {
    const store = createFolderStore(home);
    let left = when === 'publishing' ? 1 : 0;
    let blocked = when === 'recording';
    return {
      ...store,
      publish: (request, fence) => {
        left -= 1;
        return left >= 0 ? Promise.reject(full) : store.publish(request, fence);
      },
      chain(id) {
        const chain = store.chain(id);
        return {
          ...chain,
          append(entry, fence) {
            if (entry.type === 'attempt-lost') blocked = false;
            return blocked && entry.type === 'attempt-ended'
              ? Promise.reject(full)
              : chain.append(entry, fence);
          },
        };
      },
    };
  }

  it('is in the attempt that bought the rows and failed, and not in the next one', async () => {
    const home = folder.at('failed');
    const bench = createBench(home, { deps: { store: failing(home, 'publishing') } });
    const failure = await bench.fail(demonstrations(8), { runId: 'first' });
    const [details] = failure.details as { spentUsd: number }[];
    assert.equal(details!.spentUsd, 8 * prices.sftExample);
    assert.deepEqual(paid(await bench.run(demonstrations(8), { runId: 'second' })), rowsFor(0));
    assert.deepEqual(
      (await endings(bench, demonstrations(8))).map((line) => line.type === 'attempt-ended' && line.usd),
      [8, 0],
    );
  });

  it('is in the next attempt if the one that bought the rows is lost', async () => {
    const home = folder.at('lost');
    const store = failing(home, 'recording');
    const bench = createBench(home, {
      deps: { store: { ...store, publish: () => Promise.reject(full) } },
    });
    await bench.fail(demonstrations(8), { runId: 'first' });
    const next = createBench(home, {});
    assert.deepEqual(paid(await next.run(demonstrations(8), { runId: 'second' })), rowsFor(8));
    assert.deepEqual(
      (await endings(next, demonstrations(8))).map((line) =>
        line.type === 'attempt-lost' ? line.paid : line.usd,
      ),
      [null, 8],
    );
  });

  it('is known from the artifact if the attempt was lost after it had published', async () => {
    const home = folder.at('published');
    const bench = createBench(home, { deps: { store: failing(home, 'recording') } });
    await bench.fail(demonstrations(8), { runId: 'first' });
    const next = createBench(home, {});
    assert.deepEqual(paid(await next.run(demonstrations(8), { runId: 'first', attempt: 2 })), rowsFor(8));
    assert.deepEqual(paid(await next.run(demonstrations(8), { runId: 'other' })), rowsFor(0, true));
    const [lost] = await endings(next, demonstrations(8));
    assert.ok(lost?.type === 'attempt-lost');
    assert.equal(lost.paid?.usd, 8 * prices.sftExample);
  });
});
