import assert from 'node:assert/strict';
import fc from 'fast-check';
import { linearModules } from '../../../core/linear-modules';
import { planGrid } from '../../../planning';
import { defineSweep, type SweepInput } from '../../../definitions';
import { resolveSweep } from '../../support/planning/resolve';

const { sft, preference, pairs, evaluation } = resolveSweep().definition;

/** Settings by meaning, with the ways to write each. */
interface Meaning {
  readonly dropout: number;
  readonly stabilised: boolean;
  readonly rank: number;
  readonly modules: readonly (typeof linearModules)[number][];
  readonly topP: number;
  readonly topK: number;
  readonly schedule: 'cosine' | 'constant';
  readonly finalRate: number;
  readonly auxiliary: readonly ('instruction-following' | 'code-generation')[];
}

const meanings: fc.Arbitrary<Meaning> = fc.record({
  dropout: fc.constantFrom(0, 0.1),
  stabilised: fc.boolean(),
  rank: fc.constantFrom(1, 4),
  modules: fc.subarray([...linearModules], { minLength: 1 }),
  topP: fc.constantFrom(1, 0.9),
  topK: fc.constantFrom(1, 40),
  schedule: fc.constantFrom('cosine', 'constant'),
  finalRate: fc.constantFrom(0.1, 0.5),
  auxiliary: fc.subarray(['instruction-following', 'code-generation'] as const),
});

/** The meaning of settings; fields that are not named here change nothing. */
const meaningOf = (one: Meaning): string =>
  JSON.stringify({
    ...one,
    stabilised: one.stabilised && one.rank > 1,
    topP: one.topK === 1 ? 1 : one.topP,
    finalRate: one.schedule === 'constant' ? 1 : one.finalRate,
  });

/** Settings written in one of the possible ways, chosen by `pick`. */
function write(one: Meaning, pick: () => boolean): Partial<SweepInput> {
  const shuffled = <T>(values: readonly T[]): T[] => (pick() ? [...values] : [...values].reverse());
  const unless = <T>(usual: boolean, field: T): T | object => (usual && pick() ? {} : field);
  const modules = shuffled(one.modules);
  const lora = {
    rank: one.rank,
    alpha: 8,
    targetModules: pick() ? [...modules, modules[0]!] : modules,
    ...unless(one.dropout === 0, { dropout: one.dropout }),
    ...unless(!one.stabilised, { useRslora: one.stabilised }),
  };
  const auxiliary = shuffled(one.auxiliary).map((task) => ({
    task,
    items: 5,
    maxNewTokens: 8,
    ...unless(true, { name: task }),
    ...unless(true, pick() ? { seed: 0 } : { data: { source: 'synthetic', seed: 0 } }),
  }));
  return {
    sft: { ...sft, lora, lrSchedule: one.schedule, minLearningRateRatio: one.finalRate },
    preference: { ...preference, lora },
    pairs: { ...pairs, topK: one.topK, ...unless(one.topP === 1, { topP: one.topP }) },
    evaluation: { ...evaluation, ...(auxiliary.length === 0 ? {} : { auxiliary: auxiliary as never }) },
    prices: { sftExample: 1, preferencePair: 1, ...unless(true, { evaluation: 0, exaflop: 0 }) },
    budgets: shuffled([64, 256]),
    sftFractions: shuffled([1, 0.5, 0]),
    ...unless(true, { search: { method: 'grid' as const } }),
  };
}

async function keysOf(changes: Partial<SweepInput>): Promise<string[]> {
  const { stages } = await planGrid(resolveSweep(changes));
  return stages.map(({ stage }) => stage.key).sort();
}

const idOf = async (changes: Partial<SweepInput>): Promise<string> =>
  (await planGrid(resolveSweep(changes))).sweepId;

describe('canonical settings', () => {
  const picks = fc.infiniteStream(fc.boolean()).map((stream) => () => stream.next().value as boolean);

  it('with equal meaning have equal keys and ids, however written', async () => {
    await fc.assert(
      fc.asyncProperty(meanings, picks, picks, async (one, first, second) => {
        const [a, b] = [write(one, first), write(one, second)];
        assert.deepEqual(await keysOf(a), await keysOf(b));
        assert.equal(await idOf(a), await idOf(b));
      }),
      { numRuns: 60 },
    );
  });

  it('with different meanings have different keys', async () => {
    await fc.assert(
      fc.asyncProperty(meanings, meanings, picks, async (one, other, pick) => {
        const isSame = meaningOf(one) === meaningOf(other);
        const [first, second] = [await keysOf(write(one, pick)), await keysOf(write(other, pick))];
        assert.equal(first.join() === second.join(), isSame, `${meaningOf(one)} ${meaningOf(other)}`);
      }),
      { numRuns: 100 },
    );
  });

  it('on an axis have the keys of the same value in the definition', async () => {
    const lora = { rank: 4, alpha: 8 };
    const varied = resolveSweep({ sft: { ...sft, lora }, axes: { 'sft.lora.dropout': [0, 0.1] } });
    const all = new Set((await planGrid(varied)).stages.map(({ stage }) => stage.key));
    for (const dropout of [0, 0.1])
      for (const key of await keysOf({ sft: { ...sft, lora: { ...lora, dropout } } }))
        assert.ok(all.has(key));
    for (const key of await keysOf({ sft: { ...sft, lora } })) assert.ok(all.has(key));
  });

  it('of a named change to the default survive JSON', async () => {
    const base = { ...sft, lora: { rank: 4, alpha: 8, dropout: 0.2 } };
    const axes = { drop: { none: { 'sft.lora.dropout': 0 }, some: { 'sft.lora.dropout': 0.1 } } };
    const definition = resolveSweep({ sft: base, axes }).definition;
    const read = JSON.parse(JSON.stringify(definition)) as typeof definition;
    const plan = await planGrid({ ...resolveSweep({ sft: base, axes }), definition: read });
    const [none] = plan.variants;
    assert.equal(none?.resolved.definition.sft.lora?.dropout, undefined);
  });

  it('do not change when a definition is defined again', () => {
    fc.assert(
      fc.property(meanings, picks, (one, pick) => {
        const { definition } = resolveSweep(write(one, pick));
        assert.deepEqual(defineSweep(definition), definition);
      }),
      { numRuns: 20 },
    );
  });
});
