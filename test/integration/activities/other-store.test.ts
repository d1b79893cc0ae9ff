import assert from 'node:assert/strict';
import { constants, existsSync } from 'node:fs';
import { access, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { planCell } from '../../../planning';
import type { PlannedStage } from '../../../contracts/stage';
import { createFolderStore, type Store } from '../../../store';
import { createMemoryStore } from '../../support/memory-store';
import { createBench, resolveSmall, type StageBench } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';
import { makeTinyModel } from '../../support/tiny-model';

describe('stages with a store other than the folder of their worker', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let stages: readonly PlannedStage[];

  before(async () => {
    stages = (await planCell(await resolveSmall(await makeTinyModel(folder.at('model'))))).stages;
  });

  async function trained(name: string, store: Store): Promise<StageBench> {
    const bench = createBench(folder.at(name), { deps: { store } });
    for (const stage of stages.slice(0, 2)) assert.equal((await bench.run(stage)).cached, false);
    return bench;
  }

  async function digests(store: Store): Promise<string[]> {
    const stored = await Promise.all(stages.slice(0, 2).map((stage) => store.verify(stage)));
    return stored.map(({ manifest }) => manifest.digest);
  }

  it('publish, reuse and record what they make in memory; the bytes are those of the folder store', async () => {
    const store = createMemoryStore(folder.at('lent'));
    await store.prepare();
    const bench = await trained('scratch', store);
    const again = await bench.run(stages[1]!, { runId: 'another' });
    assert.deepEqual(
      [again.cached, again.ledgerHead],
      [true, await store.chain({ stage: again.key }).head()],
    );
    assert.deepEqual(
      (await bench.ledger(stages[1]!))
        .map(({ type }) => type)
        .filter((type) => type !== 'attempt-checkpoint'),
      ['attempt-started', 'attempt-ended'],
    );
    assert.deepEqual(
      await readdir(folder.at('scratch', 'store')),
      ['runs'],
      'the worker has its scratch alone',
    );
    const plain = await trained('folder', createFolderStore(folder.at('folder')));
    assert.deepEqual(await digests(store), await digests(plain.store));
  });

  it('publish to another disk by copying', async function () {
    // Memory-backed on Linux, so another device than the temporary folder's.
    const shared = '/dev/shm';
    const isWritable = await access(shared, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!isWritable || (await stat(shared)).dev === (await stat(folder.path())).dev) return this.skip();
    const home = await mkdtemp(join(shared, 'budgetline-test-'));
    try {
      const store = createFolderStore(home);
      await trained('near', store);
      assert.equal((await digests(store)).length, 2);
      const names = await readdir(join(home, 'store', 'artifacts'));
      assert.equal(names.length, 2, 'no partial copy is left');
      const runs = folder.at('near', 'store', 'runs', stages[1]!.key);
      assert.equal(existsSync(join(runs, 'out')), false, 'the payload left the scratch space');
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
