import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedStage } from '../../../contracts/stage';
import { type Stages, outputOf, tracePipeline } from '../../../stages';
import { defineStage } from '../../../stages/user-kinds';
import { resolveSweep } from '../../support/planning/resolve';

const context = { resolved: resolveSweep(), seed: 0 };
const trace = <T>(pipeline: (stages: Stages) => T | Promise<T>) => tracePipeline(context, pipeline);
const titlesOf = (stages: readonly PlannedStage[]): string[] => stages.map(({ title }) => title);
const demonstrations = (rows: number): string => `${rows} demonstrations by majority-error`;

/** A pipeline that never settles by itself. */
const forever = (): Promise<never> => new Promise(() => undefined);

describe('tracing a pipeline', () => {
  it('lists the stages in the order of their calls, inputs before their readers', async () => {
    const { stages, result, continuesAfter } = await trace(async ({ synthesizeData, trainSft, ...rest }) => {
      const data = await synthesizeData({ rows: 8 });
      const adapter = await trainSft({ data });
      return rest.freezeReference({ adapter });
    });
    assert.deepEqual(titlesOf(stages), [
      demonstrations(8),
      'SFT on 8 demonstrations',
      'Reference after SFT on 8 demonstrations',
    ]);
    const [data, adapter, reference] = stages;
    assert.deepEqual(adapter?.inputs['data'], outputOf(data!));
    assert.deepEqual(reference?.inputs['adapter'], outputOf(adapter));
    assert.equal(result?.key, reference.key);
    assert.deepEqual(continuesAfter, []);
  });

  it('lists equal calls once, and returns the same key for both', async () => {
    const { stages, result } = await trace(async ({ synthesizeData }) => [
      await synthesizeData({ rows: 8 }),
      await synthesizeData({ rows: 4 }),
      await synthesizeData({ rows: 8 }),
    ]);
    assert.deepEqual(titlesOf(stages), [demonstrations(8), demonstrations(4)]);
    assert.deepEqual(
      result?.map(({ key }) => key),
      [stages[0]?.key, stages[1]?.key, stages[0]?.key],
    );
  });

  it('follows every branch of Promise.all', async () => {
    const { stages, result } = await trace(({ synthesizeData, trainSft }) =>
      Promise.all([8, 4].map(async (rows) => trainSft({ data: await synthesizeData({ rows }) }))),
    );
    const trained = ['SFT on 8 demonstrations', 'SFT on 4 demonstrations'];
    assert.deepEqual(titlesOf(stages), [demonstrations(8), demonstrations(4), ...trained]);
    assert.deepEqual(titlesOf(result!), trained);
  });

  it('follows loops, however long', async () => {
    const { stages } = await trace(async ({ synthesizeData }) => {
      for (let rows = 1; rows <= 2_000; rows += 1) await synthesizeData({ rows });
    });
    assert.equal(stages.length, 2_000);
    assert.equal(stages.at(-1)?.title, demonstrations(2_000));
  });

  it('follows promises that take turns before they settle', async () => {
    const { stages } = await trace(async ({ synthesizeData }) => {
      for (let turns = 0; turns < 500; turns += 1) await Promise.resolve();
      await synthesizeData({ rows: 8 });
      for (let turns = 0; turns < 500; turns += 1) await Promise.resolve();
      await synthesizeData({ rows: 4 });
    });
    assert.equal(stages.length, 2);
  });

  it('takes functions that are not async', async () => {
    assert.deepEqual(titlesOf([(await trace((stages) => stages.synthesizeData({ rows: 8 }))).result!]), [
      demonstrations(8),
    ]);
    const { stages, result } = await trace(() => 7);
    assert.deepEqual([stages, result], [[], 7]);
  });

  it('ends where metrics are awaited, and says after which stage the pipeline continues', async () => {
    const { stages, result, continuesAfter } = await trace(async ({ synthesizeData, trainSft, metrics }) => {
      const data = await synthesizeData({ rows: 8 });
      const { rows } = await metrics(data);
      return trainSft({ data: rows > 4 ? data : await synthesizeData({ rows: 4 }) });
    });
    assert.deepEqual(titlesOf(stages), [demonstrations(8)]);
    assert.deepEqual(titlesOf(continuesAfter), [demonstrations(8)]);
    assert.equal(result, undefined);
  });

  it('lists the other branches to their ends where one awaits metrics', async () => {
    const { stages, continuesAfter } = await trace(async ({ synthesizeData, trainSft, metrics }) => {
      const after = async (rows: number): Promise<PlannedStage> => {
        const data = await synthesizeData({ rows });
        await metrics(data);
        return trainSft({ data });
      };
      const whole = async (): Promise<PlannedStage> => trainSft({ data: await synthesizeData({ rows: 2 }) });
      return Promise.all([after(8), whole(), after(4)]);
    });
    assert.deepEqual(titlesOf(stages), [
      demonstrations(8),
      demonstrations(2),
      demonstrations(4),
      'SFT on 2 demonstrations',
    ]);
    assert.deepEqual(titlesOf(continuesAfter), [demonstrations(8), demonstrations(4)]);
  });

  it('continues after nothing if the pipeline returns without waiting for metrics', async () => {
    const { stages, result, continuesAfter } = await trace(async ({ synthesizeData, metrics }) => {
      const data = await synthesizeData({ rows: 8 });
      void metrics(data);
      return data;
    });
    assert.deepEqual([continuesAfter, result?.key], [[], stages[0]?.key]);
  });

  it('refuses a pipeline that waits for something else', async () => {
    const refused = { code: 'DEFINITION_INVALID', message: /waits for something that is not a stage/ };
    await assert.rejects(trace(forever), refused);
    await assert.rejects(
      trace(async ({ freezeReference, evaluate }) => {
        const reference = await freezeReference({ adapter: null });
        await sleep(1);
        return evaluate({ reference });
      }),
      refused,
    );
  });

  it('refuses arguments that are no object, and results of what is no stage', async () => {
    const refused: [(stages: Stages) => Promise<unknown>, string][] = [
      [(stages) => stages.trainSft(undefined as never), 'stages.trainSft: arguments: an object is needed'],
      [(stages) => stages.evaluate(null as never), 'stages.evaluate: arguments: an object is needed'],
      [
        (stages) => stages.metrics(undefined as never),
        'stages.metrics: stage: is missing; a stage is needed',
      ],
      [(stages) => stages.metrics({} as never), 'stages.metrics: stage: another value; a stage is needed'],
    ];
    for (const [call, message] of refused)
      await assert.rejects(trace(call), { code: 'DEFINITION_INVALID', message });
  });

  it('refuses a promise in the place of a stage, by the name of the argument', async () => {
    const refused = (call: string, argument: string) => ({
      code: 'DEFINITION_INVALID',
      message: `stages.${call}: "${argument}" is a promise.`,
    });
    await assert.rejects(
      trace(async (stages) => stages.trainSft({ data: stages.synthesizeData({ rows: 8 }) as never })),
      refused('trainSft', 'data'),
    );
    await assert.rejects(
      trace(async (stages) => stages.metrics(stages.synthesizeData({ rows: 8 }) as never)),
      refused('metrics', 'stage'),
    );
  });

  it('passes on what a pipeline throws, also from a branch', async () => {
    const failure = new Error('no luck');
    const fail = async (stages: Stages): Promise<never> => {
      await stages.synthesizeData({ rows: 8 });
      throw failure;
    };
    await assert.rejects(trace(fail), failure);
    await assert.rejects(
      trace((stages) => Promise.all([fail(stages), stages.freezeReference({ adapter: null })])),
      failure,
    );
    await assert.rejects(
      trace((stages) => Promise.all([forever(), fail(stages)])),
      failure,
    );
    await assert.rejects(
      trace(() => {
        throw failure;
      }),
      failure,
    );
  });

  it('ends with the error of a refused call', async () => {
    const rules = defineStage({
      kind: 'unnamed',
      makes: 'notes',
      revision: () => 1,
      activity: { module: './own.ts', export: 'work' },
      plan: () => assert.fail(),
    });
    await assert.rejects(
      trace((stages) => stages.run(rules, {})),
      { code: 'DEFINITION_INVALID', message: /"unnamed", which the definition does not name/ },
    );
    await assert.rejects(
      trace((each) => each.run(rules, {}).catch(() => each.freezeReference({ adapter: null }))),
      /"unnamed"/,
      'a pipeline cannot catch it',
    );
  });
});
