import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { guardedPipeline } from '../../../code/guarded-pipeline';

describe('a guarded pipeline', () => {
  const real = { Date, now: Date.now, random: Math.random, setTimeout, env: process.env };
  const current = (): typeof real => ({
    Date,
    now: Date.now,
    random: Math.random,
    setTimeout,
    env: process.env,
  });

  it('leaves clocks, timers and random numbers to other code that runs meanwhile', async () => {
    const order: string[] = [];
    const guarded = guardedPipeline(async (turns: number) => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      order.push('pipeline');
      return Math.random();
    }, 'pipeline.ts');
    const running = guarded(100);
    assert.notDeepEqual(current(), real);
    for (let turn = 0; turn < 50; turn += 1) {
      await Promise.resolve();
      assert.ok(Date.now() > 0 && new Date() instanceof Date && Date().length > 0);
      assert.ok(Math.random() < 1 && performance.now() > 0 && process.env['PATH'] !== undefined);
    }
    const timer = new Promise<void>((resolve) => {
      setTimeout(resolve, 1);
    });
    order.push('others');
    await assert.rejects(running, /guarded-pipeline\.test\.ts:\d+ calls Math\.random\(\)/);
    await timer;
    assert.deepEqual(order, ['others', 'pipeline']);
  });

  it('refuses chance where a library has its own stack traces', async () => {
    const before: unknown = Reflect.get(Error, 'prepareStackTrace');
    const own = (_: Error, sites: NodeJS.CallSite[]): unknown => sites;
    Error.prepareStackTrace = own;
    try {
      const guarded = guardedPipeline(async () => Promise.resolve(Math.random()), 'pipeline.ts');
      await assert.rejects(guarded(), /guarded-pipeline\.test\.ts:\d+ calls Math\.random\(\)/);
      assert.equal(Reflect.get(Error, 'prepareStackTrace'), own);
    } finally {
      Reflect.set(Error, 'prepareStackTrace', before);
    }
  });

  it('leaves dates their constructor', async () => {
    const { constructor } = Date.prototype;
    await guardedPipeline(async () => {
      assert.equal(new Date(0).constructor, Date);
      await Promise.resolve();
    }, 'pipeline.ts')();
    assert.equal(new Date().constructor, Date);
    await nextTurn();
    assert.equal(Date.prototype.constructor, constructor);
    assert.equal(new Date().constructor, Date);
  });

  it('leaves no trace, even if it never ends', async () => {
    void guardedPipeline(() => new Promise(() => undefined), 'pipeline.ts')();
    assert.notDeepEqual(current(), real);
    await nextTurn();
    assert.deepEqual(current(), real);
  });

  it('passes arguments and results on', async () => {
    const double = guardedPipeline((value: number) => Promise.resolve(2 * value), 'pipeline.ts');
    assert.equal(await double(4), 8);
  });
});
