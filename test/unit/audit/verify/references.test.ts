import { strict as assert } from 'node:assert';
import { openExperimentLedger, recordStages } from '../../../../audit';
import { checkReferences } from '../../../../audit/verify/artifacts';
import { Subject } from '../../../../audit/verify/subject';
import type { StageResult } from '../../../../contracts/stage';
import { createFolderStore, type Store } from '../../../../store';
import { publishStage, publishTwoRounds } from '../../../support/audit/published';
import { temporaryFolder } from '../../../support/temporary';

const ofPipeline = { pipeline: { module: 'rounds.ts', export: 'rounds' } };

describe('the references of a run', () => {
  const folder = temporaryFolder();
  let count = 0;

  async function openStore(): Promise<Store> {
    const store = createFolderStore(folder.at(`home-${count++}`));
    await store.prepare();
    return store;
  }

  async function findingsOf(store: Store, definition: object, stages: readonly StageResult[]) {
    const opening = { experimentId: 'e', definitionDigest: 'd'.repeat(64), definition, actor: 'a' };
    await openExperimentLedger(store, opening);
    const records = stages.map(({ key: stage, kind, digest: artifact }) => {
      return { stage, kind, cached: false, artifact, stageHead: null };
    });
    await recordStages(store, 'e', records);
    const checked = await checkReferences(new Subject({ store, home: store.name, experimentId: 'e' }));
    return 'findings' in checked ? (checked.findings ?? []).map(({ code }) => code) : ['skipped'];
  }

  /** Tuning after a warm start, on pairs of the base model. */
  async function tuneOffPolicy(store: Store): Promise<StageResult[]> {
    const base = await publishStage(store, 'freezeReference');
    const sft = await publishStage(store, 'trainSft', { inputs: { base } });
    const reference = await publishStage(store, 'freezeReference', { inputs: { base, adapter: sft } });
    const data = await publishStage(store, 'synthesizeData', { inputs: { reference: base } });
    const adapter = await publishStage(store, 'trainPreference', { inputs: { reference, data } });
    return [base, sft, reference, data, adapter];
  }

  it('fit in a pipeline with two rounds', async () => {
    const store = await openStore();
    const { stages } = await publishTwoRounds(store);
    assert.deepEqual(await findingsOf(store, ofPipeline, stages), []);
  });

  it('may differ from those of the pairs in a pipeline of the user only', async () => {
    const [own, onAxis, builtIn] = [await openStore(), await openStore(), await openStore()];
    assert.deepEqual(await findingsOf(own, ofPipeline, await tuneOffPolicy(own)), []);
    const axes = { 'sft.lora.rank': [8, 16], rounds: { one: ofPipeline } };
    assert.deepEqual(await findingsOf(onAxis, { axes }, await tuneOffPolicy(onAxis)), []);
    assert.deepEqual(await findingsOf(builtIn, {}, await tuneOffPolicy(builtIn)), ['reference-mismatch']);
  });

  it('are the base model, frozen or not, and no other model than the adapter was trained on', async () => {
    const store = await openStore();
    const model = await publishStage(store, 'freezeReference', { title: 'a stand-in for the base model' });
    const base = await publishStage(store, 'freezeReference', { inputs: { base: model } });
    const sft = await publishStage(store, 'trainSft', { inputs: { base: model } });
    const merged = await publishStage(store, 'freezeReference', { inputs: { base: model, adapter: sft } });
    const right = await publishStage(store, 'evaluate', { inputs: { reference: base, adapter: sft } });
    const wrong = await publishStage(store, 'evaluate', { inputs: { reference: merged, adapter: sft } });
    const stages = [model, base, sft, merged, right, wrong];
    assert.deepEqual(await findingsOf(store, ofPipeline, stages), ['reference-mismatch']);
  });
});
