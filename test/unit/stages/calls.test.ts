import { strict as assert } from 'node:assert';
import type { PlannedStage } from '../../../contracts/stage';
import { preferenceLoss } from '../../../schemas/losses';
import { loraSpec, trainingSpec } from '../../../schemas/training';
import { planStage, type StageContext, stageKinds } from '../../../stages';
import { resolveSweep } from '../../support/planning/resolve';

const { synthesizeData, trainSft, freezeReference, trainPreference, evaluate } = stageKinds;

const contextOf = (changes: Parameters<typeof resolveSweep>[0] = {}): StageContext => ({
  resolved: resolveSweep(changes),
  seed: 0,
});
const context = contextOf();
const { sft, preference } = context.resolved.definition;

const demonstrations = planStage(synthesizeData, context, { rows: 64 });
const adapter = planStage(trainSft, context, { data: demonstrations });
const reference = planStage(freezeReference, context, { adapter });
const pairs = planStage(synthesizeData, context, { rows: 128, reference });

/** A call as plain JavaScript may write it. */
type Loose = Readonly<Record<string, unknown>>;
const sftWith = (settings: Loose): PlannedStage =>
  planStage(trainSft, context, { data: demonstrations, ...settings });
const preferenceWith = (settings: Loose): PlannedStage =>
  planStage(trainPreference, context, { reference, data: pairs, ...settings });

const isPlanned = (plan: () => unknown): boolean => {
  try {
    plan();
    return true;
  } catch {
    return false;
  }
};

describe('the name of a call', () => {
  it('is in the title and in no key', () => {
    const named = sftWith({ name: 'warm start' });
    assert.deepEqual([named.name, named.title], ['warm start', 'warm start: SFT on 64 demonstrations']);
    assert.equal(named.key, adapter.key);
    assert.equal(adapter.name, undefined);
  });

  it('stands for the stage in titles of other stages', () => {
    const named = planStage(trainSft, context, { data: demonstrations, name: 'warm start' });
    const frozen = planStage(freezeReference, context, { adapter: named });
    assert.equal(frozen.title, 'Reference after warm start');
    assert.equal(frozen.key, reference.key);
    const fewShot = planStage(synthesizeData, context, { rows: 4, name: 'examples' });
    const scored = planStage(evaluate, context, { reference, fewShot });
    assert.match(scored.title, /, examples before each$/);
  });

  it('is one line of at most 80 characters', () => {
    assert.ok(isPlanned(() => sftWith({ name: 'x'.repeat(80) })));
    for (const name of ['', 'x'.repeat(81), 'two\nlines', 'a\u0000b', 'a\u2028b', 3, null])
      assert.throws(() => sftWith({ name }), {
        code: 'DEFINITION_INVALID',
        message: /^stages\.trainSft: name: a text of 1 to 80 characters on one line is needed$/,
      });
  });
});

describe('training settings of a call', () => {
  it('replace those of the definition, and the title has what differs', () => {
    const tuned = sftWith({ epochs: 2, lora: { rank: 2, alpha: 4 } });
    const { training } = tuned.spec as unknown as { training: typeof sft };
    assert.deepEqual(training, {
      ...sft,
      epochs: 2,
      lora: { ...sft.lora, rank: 2, alpha: 4 },
    });
    assert.match(tuned.title, /^SFT on 64 demonstrations \(epochs 2, lora\.rank 2.*\)$/);
    assert.equal(tuned.optimiserSteps, 2 * Math.ceil(64 / sft.batchSize));
    assert.match(sftWith({ lora: null }).title, /\(lora null\)$/);
    const rsLora = { ...sft.lora!, dropout: 0.1, useRslora: true };
    const other = contextOf({ sft: { ...sft, lora: rsLora } });
    const inherited = planStage(trainSft, other, { data: demonstrations, lora: { rank: 2, alpha: 4 } });
    assert.equal(inherited.key, sftWith({ lora: { ...rsLora, rank: 2, alpha: 4 } }).key);
  });

  it('have the same key as the definition where they are equal, in any form', () => {
    const plain = preferenceWith({});
    assert.equal(sftWith({ ...sft }).key, adapter.key);
    assert.equal(sftWith({ epochs: undefined }).key, adapter.key);
    const modules = [...(sft.lora?.targetModules ?? [])].reverse();
    const lora = { ...sft.lora, targetModules: modules, dropout: 0 };
    assert.deepEqual([sftWith({ lora }).key, sftWith({ lora }).title], [adapter.key, adapter.title]);
    assert.equal(preferenceWith({ ...preference }).key, plain.key);
    assert.equal(preferenceWith({ beta: preference.loss.beta }).key, plain.key);
  });

  it('have the key of a definition with these settings', () => {
    const constant = { ...sft, lrSchedule: 'constant' as const };
    const other = contextOf({ sft: constant, preference: { ...preference, learningRate: 1e-5 } });
    const planned = planStage(trainSft, other, { data: demonstrations });
    assert.equal(sftWith({ lrSchedule: 'constant' }).key, planned.key);
    assert.equal(planStage(trainSft, other, { data: demonstrations, lrSchedule: 'cosine' }).key, adapter.key);
    const tuned = planStage(trainPreference, other, { reference, data: pairs });
    assert.equal(preferenceWith({ learningRate: 1e-5 }).key, tuned.key);
  });

  it('are refused by kind and field where they are unknown or wrong', () => {
    const refusals: [() => unknown, RegExp][] = [
      [
        () => sftWith({ leraningRate: 1 }),
        /^stages\.trainSft: leraningRate: no such field; did you mean learningRate\?$/,
      ],
      [() => sftWith({ epochs: 0.5 }), /^stages\.trainSft: epochs: 0\.5; a whole number above 0 is needed$/],
      [() => sftWith({ lora: { rank: 2, alpha: 4, dropuot: 0 } }), /lora\.dropuot: .*did you mean dropout/],
      [
        () => sftWith({ column: 'chosen' }),
        /data: "64 demonstrations .*" have no chosen answers; leave column: 'chosen' out, or pass pairs$/,
      ],
      [() => preferenceWith({ beta: -1 }), /^stages\.trainPreference: beta: -1; a number above 0 is needed$/],
      [() => preferenceWith({ loss: { name: 'dpo', beta: 1 } }), /loss\.name: "dpo"; "sigmoid" or "robust"/],
      [() => preferenceWith({ loss: { name: 'ipo', beta: 1, gamma: 1 } }), /loss\.gamma: no such field/],
      [() => preferenceWith({ beta: 1, loss: { name: 'ipo', beta: 1 } }), /beta: .*loss has a beta/],
      [
        () => preferenceWith({ data: demonstrations }),
        /data: "64 demonstrations .*" are demonstrations, and DPO learns from pairs/,
      ],
      [
        () => sftWith({ data: Promise.resolve(demonstrations) }),
        /data: a promise that is not awaited; a stage that makes rows is needed$/,
      ],
      [
        () => sftWith({ data: pairs }),
        /data: "\d+ preference pairs" are pairs; column: 'chosen' learns from their chosen answers, or pass demonstrations$/,
      ],
      [
        () => planStage(freezeReference, context, { adapter: demonstrations as never }),
        /^stages\.freezeReference: adapter: "64 demonstrations .*" \(rows\); an adapter, or null, is needed$/,
      ],
      [() => sftWith({ lora: 4 }), /lora: 4; an object, or null, is needed$/],
    ];
    for (const [plan, message] of refusals) assert.throws(plan, { code: 'DEFINITION_INVALID', message });
  });

  it('have the forms of the schema', () => {
    const values = [
      ...[-1, 0, 0.5, 0.6, 1, 1.5, 2, 64, 2 ** 53, NaN, Infinity, null, true, '1', '', {}, []],
      ...['cosine', 'linear', 'constant', 'error', 'drop', 'truncate', 'f16', 'bf16', 'f32'],
    ];
    for (const [field, schema] of Object.entries(trainingSpec.shape))
      for (const value of values)
        assert.equal(
          isPlanned(() => sftWith({ [field]: value })),
          schema.safeParse(value).success,
          `${field} ${JSON.stringify(value)}`,
        );
    const loras = Object.keys(loraSpec.shape).flatMap((field) =>
      [...values, ['q_proj'], [''], ['q_proj', 1]].map((value) => ({ rank: 2, alpha: 2, [field]: value })),
    );
    for (const lora of [...loras, { rank: 2 }, { alpha: 2 }, { rank: 2, alpha: 2, more: 1 }])
      assert.equal(
        isPlanned(() => sftWith({ lora })),
        loraSpec.safeParse(lora).success,
        JSON.stringify(lora),
      );
  });
});

describe('the loss of a call', () => {
  it('is the definition’s with another β, or another built-in loss', () => {
    const betas = preferenceWith({ beta: 0.2 });
    assert.equal(betas.title, 'DPO on 128 pairs (beta 0.2)');
    const whole = preferenceWith({ loss: { ...preference.loss, beta: 0.2 } });
    assert.deepEqual([whole.key, whole.title], [betas.key, betas.title]);
    const simpo = preferenceWith({ loss: { name: 'simpo', beta: 2, gamma: 1 }, learningRate: 1e-4 });
    assert.equal(simpo.title, 'SimPO on 128 pairs (beta 2, gamma 1, learningRate 0.0001)');
  });

  it('has the defaults of the schema', () => {
    const loss = { name: 'kto', beta: 0.1, undesirableWeight: undefined } as const;
    const other = contextOf({ preference: { ...preference, loss } });
    const planned = planStage(trainPreference, other, { reference, data: pairs });
    assert.equal(preferenceWith({ loss }).key, planned.key);
  });

  it('of the user is named in the definition, and the call may change its β', () => {
    const loss = { module: './losses.ts', export: 'margin', beta: 0.1 };
    const facts = { title: 'Margin', rows: 'pairs', needsReference: true, sftTerm: false } as const;
    const pinned = { path: '/losses.ts', facts: { ...facts, rewardEquation: '', lossAtReference: null } };
    const code = { '': { loss: { identity: { 'losses.ts': 'd1' }, source: { 'losses.ts': 'd1' } } } };
    const resolved = { ...resolveSweep({ preference: { ...preference, loss } }), loss: pinned, code };
    const own = { resolved: resolved as never, seed: 0 };
    const call = { reference, data: pairs };
    const [same, other] = [{}, { beta: 0.3 }].map((more) =>
      planStage(trainPreference, own, { ...call, ...more }),
    );
    assert.deepEqual([same?.title, other?.title], ['Margin on 128 pairs', 'Margin on 128 pairs (beta 0.3)']);
    assert.deepEqual(other?.files, { loss: '/losses.ts' });
    assert.deepEqual(other.spec.code, same?.spec.code);
    const builtIn = planStage(trainPreference, own, { ...call, loss: { name: 'ipo', beta: 0.1 } });
    assert.deepEqual([builtIn.files, builtIn.spec.code], [{}, undefined]);
    assert.throws(() => preferenceWith({ loss }), /loss\.name: is missing/);
  });

  it('has the forms of the schema', () => {
    const values = [-1, 0, 0.1, 0.5, 1, Infinity, null, '1'];
    const names = ['sigmoid', 'robust', 'hinge', 'ipo', 'sigmoid_norm', 'simpo', 'kto', 'dpo'];
    const options = [
      'beta',
      'labelSmoothing',
      'sftWeight',
      'gamma',
      'desirableWeight',
      'undesirableWeight',
      'more',
    ];
    const needed = { robust: { labelSmoothing: 0.1 }, simpo: { gamma: 1 } } as Record<string, object>;
    const given = options.flatMap((option) => values.map((value) => ({ [option]: value })));
    const all = names.flatMap((name) => [
      { name },
      ...given.map((one) => ({ name, beta: 1, ...needed[name], ...one })),
    ]);
    let accepted = 0;
    for (const loss of all) {
      const isGood = preferenceLoss.safeParse(loss).success;
      assert.equal(
        isPlanned(() => preferenceWith({ loss })),
        isGood,
        JSON.stringify(loss),
      );
      accepted += isGood ? 1 : 0;
    }
    assert.ok(accepted > 30 && accepted < all.length / 2, `${accepted} of ${all.length}`);
  });
});
