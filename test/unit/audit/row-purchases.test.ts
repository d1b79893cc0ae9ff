import assert from 'node:assert/strict';
import { boughtUsd, buyRows, nestedRowsOf, purchasesIn } from '../../../audit';
import type { PlannedStage } from '../../../contracts/stage';
import { planStage, stageKinds } from '../../../stages';
import { createFolderStore, type Store } from '../../../store';
import { resolveSweep } from '../../support/planning/resolve';
import { temporaryFolder } from '../../support/temporary';

const context = { resolved: resolveSweep({}), seed: 0 };
const demonstrations = (rows: number, after?: PlannedStage<'rows'>): PlannedStage<'rows'> =>
  planStage(stageKinds.synthesizeData, context, { rows, after });

describe('purchases of rows', () => {
  const folder = temporaryFolder();
  const storeAt = (name: string): Store => createFolderStore(folder.at(name));
  const buy = (store: Store, stage: PlannedStage, rowUsd = 2): Promise<void> =>
    buyRows(store, { stage, experimentId: 'e', rowUsd });
  const { nest } = nestedRowsOf(demonstrations(8))!;
  const linesIn = async (store: Store) =>
    purchasesIn(await store.chain({ nest }).read()).map(({ from, upTo, rows, usd }) => [
      from,
      upTo,
      rows,
      usd,
    ]);

  it('are of the rows that no stage has bought, also behind and around those of others', async () => {
    const store = storeAt('nested');
    for (const stage of [demonstrations(8), demonstrations(16), demonstrations(4)]) await buy(store, stage);
    assert.deepEqual(await linesIn(store), [
      [0, 8, 8, 16],
      [0, 16, 8, 16],
    ]);
    const behind = demonstrations(8, demonstrations(24));
    for (const stage of [behind, demonstrations(40)]) await buy(store, stage);
    assert.deepEqual((await linesIn(store)).slice(2), [
      [24, 32, 8, 16],
      [0, 40, 16, 32],
    ]);
    assert.equal(await boughtUsd(store, nest, demonstrations(40).key), 32);
    assert.equal(await boughtUsd(store, nest, demonstrations(4).key), 0);
  });

  it('are made once, however often a stage asks, and at whatever price', async () => {
    const store = storeAt('again');
    await buy(store, demonstrations(8));
    await buy(store, demonstrations(8));
    await buy(store, demonstrations(8), 5);
    await buy(store, demonstrations(10), 5);
    assert.deepEqual(await linesIn(store), [
      [0, 8, 8, 16],
      [0, 10, 2, 10],
    ]);
  });

  it('add up to each row once if many stages buy at once', async () => {
    const store = storeAt('at once');
    const sizes = [4, 32, 8, 16, 8, 24, 32, 12];
    await Promise.all(sizes.map((rows) => buy(store, demonstrations(rows))));
    const lines = await linesIn(store);
    assert.equal(
      lines.reduce((sum, [, , rows = 0]) => sum + rows, 0),
      32,
    );
  });

  it('are none for a stage without rows', async () => {
    const store = storeAt('none');
    await buy(store, planStage(stageKinds.freezeReference, context, { adapter: null }));
    assert.deepEqual(await linesIn(store), []);
  });
});
