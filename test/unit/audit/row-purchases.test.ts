import assert from 'node:assert/strict';
import { boughtUsd, buyLabels, buyRows, nestedRowsOf, purchasesIn } from '../../../audit';
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
    purchasesIn(await store.chain({ nest }).read()).map((line) =>
      line.type === 'rows-bought' ? [line.from, line.upTo, line.rows, line.usd] : [],
    );

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

describe('purchases of labels', () => {
  const folder = temporaryFolder();
  const { pairs } = context.resolved.definition;
  const labelling = { resolved: resolveSweep({ pairs: { ...pairs, annotator: 'us', labels: 2 } }), seed: 0 };
  const reference = planStage(stageKinds.freezeReference, labelling, { adapter: null });
  const labelled = (rows: number): PlannedStage =>
    planStage(stageKinds.synthesizeData, labelling, { rows, reference });
  const nest = labelled(8).nest!;
  const buy = (store: Store, stage: PlannedStage, upTo: number, fence = 1): Promise<void> =>
    buyLabels(store, { stage, experimentId: 'e', fence, upTo, perItem: 2, labelUsd: 0.5 });
  const bought = async (store: Store): Promise<number[]> =>
    purchasesIn(await store.chain({ nest }).read()).map((line) =>
      line.type === 'labels-bought' ? line.labels : -line.rows,
    );

  it('are of the labels that no stage and no attempt has bought', async () => {
    const store = createFolderStore(folder.at('nested'));
    for (const upTo of [6, 6, 10]) await buy(store, labelled(8), upTo);
    await buy(store, labelled(8), 12, 2);
    for (const upTo of [8, 30]) await buy(store, labelled(16), upTo);
    await buy(store, labelled(4), 20);
    assert.deepEqual(await bought(store), [6, 4, 2, 18]);
    assert.deepEqual(
      await Promise.all([4, 8, 16].map((rows) => boughtUsd(store, nest, labelled(rows).key))),
      [0, 6, 9],
    );
  });

  it('add up to each label once if many stages buy at once', async () => {
    const store = createFolderStore(folder.at('at once'));
    const all = [4, 32, 8, 16, 8, 24, 32, 12].map((upTo) => buy(store, labelled(upTo), 2 * upTo));
    await Promise.all(all);
    assert.equal(
      (await bought(store)).reduce((sum, labels) => sum + labels, 0),
      64,
    );
  });

  it('leave out those that were paid with rows, as in version 0.1', async () => {
    const store = createFolderStore(folder.at('earlier'));
    await buyRows(store, { stage: labelled(8), experimentId: 'e', rowUsd: 1 });
    await buy(store, labelled(8), 12);
    await buy(store, labelled(8), 20);
    assert.deepEqual(await bought(store), [-8, 4]);
  });
});
