import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { readJsonLines } from '../../../activities/json-lines';
import type { PlannedStage } from '../../../contracts/stage';
import { demonstrationRow, preferenceRow } from '../../../schemas/rows';
import { outputOf, planStage, type StageContext, stageKinds } from '../../../stages';
import { createBench, resolveSmall, type StageBench } from '../../support/stage-bench';
import { makeTinyModel } from '../../support/tiny-model';
import { temporaryFolder } from '../../support/temporary';
import { verifyResults } from '../../support/verify-bench';

const { synthesizeData, trainSft, freezeReference, trainPreference, evaluate } = stageKinds;

describe('preference tuning in rounds', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let bench: StageBench;
  let context: StageContext;
  before(async () => {
    const resolved = await resolveSmall(await makeTinyModel(folder.at('model')));
    context = { resolved, seed: 0 };
    bench = createBench(folder.at('home'), {});
  });

  const idsIn = async (stage: PlannedStage): Promise<string[]> => {
    const { dir } = await bench.store.verify(stage);
    const isPairs = stage.rows?.format === 'preferences';
    const rows = isPairs
      ? await readJsonLines(join(dir, 'pairs.jsonl'), preferenceRow)
      : await readJsonLines(join(dir, 'demonstrations.jsonl'), demonstrationRow);
    return rows.map(({ id }) => id);
  };

  /** Two rounds on top of the warm start; `lora` as in the definition or null. */
  function planRounds(settings: { readonly lora?: null }) {
    const demonstrations = planStage(synthesizeData, context, { rows: 16 });
    const sft = planStage(trainSft, context, { data: demonstrations, ...settings });
    const reference1 = planStage(freezeReference, context, { adapter: sft });
    const pairs1 = planStage(synthesizeData, context, { rows: 8, reference: reference1 });
    const dpo1 = planStage(trainPreference, context, { reference: reference1, data: pairs1, ...settings });
    const reference2 = planStage(freezeReference, context, { adapter: dpo1, name: 'round 1' });
    const pairs2 = planStage(synthesizeData, context, { rows: 8, reference: reference2, after: pairs1 });
    const round2 = { reference: reference2, data: pairs2, ...settings };
    const dpo2 = planStage(trainPreference, context, { ...round2, beta: 0.2, name: 'round 2' });
    const scores = planStage(evaluate, context, { reference: reference2, adapter: dpo2 });
    const trained = [demonstrations, sft, reference1, pairs1, dpo1, reference2, pairs2, dpo2, scores];
    return { reference1, pairs1, dpo1, reference2, pairs2, dpo2, trained };
  }

  it('freezes each round on the model that it tuned, and samples fresh prompts in the next', async () => {
    const { reference1, pairs1, dpo1, reference2, pairs2, dpo2, trained } = planRounds({});
    assert.deepEqual(reference2.inputs['base'], outputOf(reference1));
    assert.equal(dpo2.title, 'round 2: DPO on 8 pairs (beta 0.2)');
    const results = [];
    for (const stage of trained) results.push(await bench.run(stage));
    const [, , , first, , , second, , scores] = results;
    const [before, fresh] = [await idsIn(pairs1), await idsIn(pairs2)];
    assert.equal(new Set([...before, ...fresh]).size, 16, 'no prompt is used twice');
    assert.equal(
      second?.metrics['scannedUpTo'],
      (first?.metrics['promptsScanned'] ?? 0) + (second?.metrics['promptsScanned'] ?? 0),
    );
    assert.equal(first?.metrics['scannedUpTo'], undefined);
    assert.equal(scores?.metrics['items'], 20);
    const { manifest } = await bench.store.verify(reference2);
    assert.equal(manifest.inputDigests['base'], results[2]?.digest);
    assert.equal(manifest.inputDigests['adapter'], results[trained.indexOf(dpo1)]?.digest);
    assert.notEqual(manifest.digest, results[2]?.digest);
    assert.deepEqual(await verifyResults(bench, 'rounds', results), []);
  });

  it('evaluates an adapter on the frozen base model that it was trained on', async () => {
    const demonstrations = planStage(synthesizeData, context, { rows: 16 });
    const adapter = planStage(trainSft, context, { data: demonstrations });
    const reference = planStage(freezeReference, context, { adapter: null });
    const scores = planStage(evaluate, context, { reference, adapter, split: 'validation' });
    const results = [];
    for (const stage of [demonstrations, adapter, reference, scores]) results.push(await bench.run(stage));
    assert.equal(results.at(-1)?.metrics['items'], 4);
    assert.deepEqual(await verifyResults(bench, 'unmerged', results), []);
  });

  it('does the same with full training', async () => {
    const { trained, reference2, dpo2 } = planRounds({ lora: null });
    const results = [];
    for (const stage of trained) results.push(await bench.run(stage));
    const weights = async (stage: PlannedStage): Promise<string | undefined> =>
      (await bench.store.verify(stage)).manifest.files.find(({ path }) => path === 'model.safetensors')
        ?.sha256;
    assert.match((await weights(dpo2)) ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await weights(reference2), await weights(trained[4]!), 'a whole model is frozen as it is');
    assert.equal(results.at(-1)?.metrics['items'], 20);
  });

  it('continues a chain behind its last prompt, and names what to do when the pool is used up', async () => {
    const { reference2, pairs1, pairs2 } = planRounds({});
    const third = planStage(synthesizeData, context, { rows: 4, reference: reference2, after: pairs2 });
    const { metrics } = await bench.run(third);
    const used = [...(await idsIn(pairs1)), ...(await idsIn(pairs2)), ...(await idsIn(third))];
    assert.equal(new Set(used).size, 20);
    const before = (await bench.run(pairs2)).metrics['scannedUpTo'] ?? NaN;
    assert.equal(metrics['scannedUpTo'], before + (metrics['promptsScanned'] ?? NaN));
    const tooMany = planStage(synthesizeData, context, { rows: 120, reference: reference2, after: third });
    const failure = await bench.fail(tooMany);
    assert.equal(failure.type, 'POOL_EXHAUSTED');
    assert.match(
      failure.message,
      new RegExp(`prompts of the pool that ${metrics['scannedUpTo']} earlier ones left`),
    );
    assert.match(JSON.stringify(failure.details), /leave \\"after\\" out/);
  });

  it('takes demonstrations behind earlier ones', async () => {
    const first = planStage(synthesizeData, context, { rows: 10 });
    const second = planStage(synthesizeData, context, { rows: 6, after: first });
    const whole = planStage(synthesizeData, context, { rows: 16 });
    for (const stage of [first, second, whole]) await bench.run(stage);
    assert.deepEqual([...(await idsIn(first)), ...(await idsIn(second))], await idsIn(whole));
    const beyond = planStage(synthesizeData, context, { rows: 113, after: whole });
    const failure = await bench.fail(beyond);
    assert.equal(failure.type, 'BUDGET_EXCEEDS_POOL');
    assert.match(
      failure.message,
      /113 demonstrations are needed; .* has 128 problems, and earlier stages take the first 16/,
    );
  });
});
