import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { ResolvedSweep } from '../../../contracts/resolved';
import { gridOf, planGrid } from '../../../planning';
import { canonicalJson } from '../../../core/canonical-json';
import { poolSeed, rulesOf, stageSeed } from '../../../stages';
import { sha256Hex } from '../../../core/digest';
import { sweepOfOne } from '../../../definitions';
import { resolveSweep } from '../../support/planning/resolve';

const keysOf = async (resolved: ResolvedSweep): Promise<Set<string>> =>
  new Set((await planGrid(resolved)).stages.map(({ stage }) => stage.key));

/** The same value with every object's fields in reverse order. */
function reverseFields<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reverseFields) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, field]) => [key, reverseFields(field as unknown)])) as T;
}

describe('canonical JSON and digests', () => {
  it('is unique for a value, and parses back to it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value);
        assert.equal(canonicalJson(reverseFields(value)), text);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves undefined fields out and refuses values that JSON does not have', () => {
    assert.equal(canonicalJson({ b: 1, a: undefined }), '{"b":1}');
    for (const value of [NaN, Infinity, undefined, [undefined], 1n, () => 0]) {
      assert.throws(() => canonicalJson(value), TypeError);
    }
  });

  it('has the digest that Node computes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        assert.equal(sha256Hex(text), createHash('sha256').update(text, 'utf8').digest('hex'));
      }),
    );
  });
});

describe('seeds', () => {
  it('are below 2^48 and differ by training seed and stage kind', () => {
    const seeds = [stageSeed(0, 'trainSft'), stageSeed(1, 'trainSft'), stageSeed(0, 'evaluate')];
    seeds.push(poolSeed(0), poolSeed(1));
    assert.equal(new Set(seeds).size, seeds.length);
    assert.ok(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0 && seed < 2 ** 48));
  });
});

describe('stage keys', () => {
  let keys: Set<string>;
  before(async () => {
    keys = await keysOf(resolveSweep());
  });

  it('do not change with prices, execution, name, limits or paths', async () => {
    const same: ResolvedSweep[] = [
      resolveSweep({ prices: { sftExample: 9, preferencePair: 8, verifierCall: 7 } }),
      resolveSweep({ execution: { device: 'cuda', threads: 4, microBatchSize: 2, checkpointEverySteps: 1 } }),
      resolveSweep({ execution: { stallSeconds: 7200 } }),
      resolveSweep({
        name: 'other',
        equivalenceMargin: 0.05,
        spendLimitUsd: 1000,
        smallBudgetMax: 64,
        controls: [],
      }),
      resolveSweep({}, { model: { name: 'elsewhere', digest: 'a'.repeat(64), path: '/other' } }),
    ];
    for (const resolved of same) assert.deepEqual(await keysOf(resolved), keys);
  });

  it('do not change with the order of fields', async () => {
    const resolved = resolveSweep();
    assert.deepEqual(await keysOf({ ...resolved, definition: reverseFields(resolved.definition) }), keys);
  });

  it('do not change when a budget, a fraction or a seed is added', async () => {
    for (const more of [
      { budgets: [64, 256, 1024, 4096] },
      { sftFractions: [1, 0.75, 0.5, 0.25, 0.1, 0, 0.01] },
      { seeds: [0, 1] },
    ]) {
      const after = await keysOf(resolveSweep(more));
      assert.ok([...keys].every((key) => after.has(key)));
      assert.ok(after.size > keys.size);
    }
  });

  it('change with model, training settings and seed', async () => {
    /** Kinds of the stages that a changed sweep shares with the first one. */
    const commonKinds = async (changed: ResolvedSweep): Promise<string[]> => {
      const common = (await planGrid(changed)).stages.filter(({ stage }) => keys.has(stage.key));
      return [...new Set(common.map(({ stage }) => stage.kind))].sort();
    };
    const { preference } = resolveSweep().definition;
    const model = { name: 'embedded', digest: 'b'.repeat(64), path: '/models/embedded' };
    // Demonstrations depend on no model, the frozen base on no data, its evaluation on no seed.
    assert.deepEqual(await commonKinds(resolveSweep({}, { model })), ['synthesizeData']);
    assert.deepEqual(await commonKinds(resolveSweep({ data: { source: 'synthetic', seed: 1 } })), [
      'freezeReference',
    ]);
    assert.deepEqual(await commonKinds(resolveSweep({ seeds: [1] })), ['evaluate', 'freezeReference']);
    const slower = (await planGrid(resolveSweep({ preference: { ...preference, learningRate: 1e-4 } })))
      .stages;
    const changed = slower.filter(({ stage }) => !keys.has(stage.key)).map(({ stage }) => stage.kind);
    assert.deepEqual([...new Set(changed)].sort(), ['evaluate', 'trainPreference']);
  });

  it('depend on the content of external files, not on their paths', async () => {
    const files = (path: string, digest: string): ResolvedSweep =>
      resolveSweep(
        { data: { source: 'files', train: path, test: `${path}-test` } },
        { files: { train: { path, digest }, test: { path: `${path}-test`, digest: 'f' } } },
      );
    assert.deepEqual(await keysOf(files('/a', 'd1')), await keysOf(files('/b', 'd1')));
    assert.notDeepEqual(await keysOf(files('/a', 'd1')), await keysOf(files('/a', 'd2')));
    const synthesis = (await planGrid(files('/a', 'd1'))).stages.find(
      ({ stage }) => stage.kind === 'synthesizeData',
    );
    assert.deepEqual(synthesis?.stage.files, { train: '/a', test: '/a-test' });
  });

  it('are the same for an experiment and for its sweep of one cell', async () => {
    for (const { experiment, stages } of (await planGrid(resolveSweep({ seeds: [3] }))).cells) {
      const again = await planGrid({ ...experiment, definition: sweepOfOne(experiment.definition) });
      const keysAgain = again.cells.flatMap((cell) => cell.stages.map(({ key }) => key));
      assert.deepEqual(
        keysAgain,
        stages.map(({ key }) => key),
      );
    }
  });

  it('of training stages change with a large vocabulary only', async () => {
    const withWords = async (vocabulary: number) => {
      const { model } = resolveSweep();
      return (await planGrid(resolveSweep({}, { model: { ...model, vocabulary } }))).stages.map(
        ({ stage }) => stage,
      );
    };
    const [few, many] = [await withWords(32_768), await withWords(32_769)];
    assert.deepEqual(new Set(few.map(({ key }) => key)), keys);
    const changed = many.filter(({ key }) => !keys.has(key));
    const raised = changed.filter(
      ({ kind, revision }) => revision !== rulesOf(kind)!.revision(resolveSweep().model),
    );
    assert.deepEqual([...new Set(raised.map(({ kind }) => kind))].sort(), ['trainPreference', 'trainSft']);
    const trained = many.filter(({ kind }) => kind === 'trainSft' || kind === 'trainPreference');
    assert.equal(raised.length, trained.length);
    const rest = new Set(many.filter(({ key }) => keys.has(key)).map(({ title }) => title));
    assert.ok(rest.has('Reference: the base model'), 'nothing was trained for it');
  });

  it('equal the recorded ones', () => {
    // A change here orphans every stored artifact. Where bytes change, raise the stage's revision instead.
    const digest = sha256Hex([...keys].sort().join('\n'));
    assert.equal(gridOf(resolveSweep().definition).length, 18);
    assert.equal(digest, '6f559bccf165743c4e5b478e0a4327ccf1b3e02b267007ceb28cb8da02a76226');
  });

  it('depend on an auxiliary task’s content, only in evaluations and where training rows overlap it', async () => {
    const task = { task: 'instruction-following', items: 5, maxNewTokens: 8 };
    const { evaluation } = resolveSweep().definition;
    const plan = async (auxiliary: readonly object[], inputs: Partial<ResolvedSweep> = {}) =>
      (await planGrid(resolveSweep({ evaluation: { ...evaluation, auxiliary: auxiliary as never } }, inputs)))
        .stages;
    const ofKind = (stages: Awaited<ReturnType<typeof plan>>, kind: string) =>
      stages.filter(({ stage }) => stage.kind === kind).map(({ stage }) => stage.key);
    // Without auxiliary tasks keys are the same as before there were any.
    const stages = await plan([task, { task: 'code-generation', items: 5, maxNewTokens: 8, seed: 3 }]);
    assert.equal(
      sha256Hex(ofKind(stages, 'evaluate').sort().join('\n')),
      'f139ee06cbf437b53f1602b1739dd820533dd6d05e0671221e7dfd5b9250321c',
    );

    const name = 'evaluation.auxiliary.instruction-following.test';
    const ofFile = (path: string, digest: string, more: Partial<ResolvedSweep> = {}) =>
      plan([{ ...task, data: { source: 'files', test: path } }], {
        files: { [name]: { path, digest } },
        ...more,
      });
    const one = await ofFile('/a', 'd1');
    const [moved, other] = [await ofFile('/b', 'd1'), await ofFile('/a', 'd2')];
    assert.deepEqual(ofKind(one, 'evaluate'), ofKind(moved, 'evaluate'));
    assert.notDeepEqual(ofKind(one, 'evaluate'), ofKind(other, 'evaluate'));
    const without = (await planGrid(resolveSweep())).stages;
    for (const kind of ['synthesizeData', 'trainSft', 'trainPreference'])
      assert.deepEqual(ofKind(one, kind), ofKind(without, kind), `${kind}: nothing was kept out`);
    const apart = await ofFile('/a', 'd1', { heldOut: ['instruction-following'] });
    assert.equal(ofKind(apart, 'synthesizeData').filter((key) => keys.has(key)).length, 0);
    assert.deepEqual(one.find(({ stage }) => stage.kind === 'evaluate')?.stage.files, { [name]: '/a' });
  });
});
