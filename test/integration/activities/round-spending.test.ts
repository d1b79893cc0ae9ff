import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { writeJsonLines } from '../../../activities/json-lines';
import type { StageSession } from '../../../activities/session';
import { synthesizePairs } from '../../../activities/synthesize-data/pairs';
import type { PairsSpec } from '../../../stages';
import { Usage } from '../../../activities/usage';
import { BudgetlineError } from '../../../core/failures';
import type { GenerationRow } from '../../../schemas/rows';
import { ensureDir } from '../../../host/durable-files';
import { coinTask } from '../../support/coin-task';
import { temporaryFolder } from '../../support/temporary';

const pool = Array.from({ length: 400 }, (_, index) => ({
  id: `p-${index}`,
  prompt: `Q: ${index}?\nA:`,
  target: String(index),
}));
const pairs = {
  chosen: 'best-sample',
  threshold: 0.5,
  minMargin: 0.1,
  candidates: 2,
  temperature: 1,
  maxNewTokens: 8,
};
const prices = { sftExample: 0, preferencePair: 1, verifierCall: 0.25 };
const rounds = 8;

/** Samples of every prompt: a correct and an incorrect one make a pair, two incorrect ones do not. */
function samplesOf(yields: (index: number) => boolean): GenerationRow[] {
  return pool.flatMap(({ id }, index) =>
    ['odd', yields(index) ? 'even' : 'odd'].map((completion, sample) => ({
      id,
      sample,
      completion,
      tokens: 1,
      finish: 'stop' as const,
    })),
  );
}

describe('spend of pairs from own samples, round by round', () => {
  const home = temporaryFolder();
  let made = 0;

  /** A stage whose rounds are all sampled: it reads them instead of starting a trainer. */
  async function stageWith(options: {
    needed: number;
    allowanceUsd?: number;
    yields: (index: number) => boolean;
    earlierCalls?: number;
  }) {
    const runDir = home.at(`run-${made++}`);
    for (let round = 0; round < rounds; round++) {
      const out = await ensureDir(join(runDir, `round-00${round}`, 'out'));
      await writeJsonLines(join(out, 'generations.jsonl'), samplesOf(options.yields));
    }
    const spec = {
      what: 'pairs',
      rows: options.needed,
      pairs,
      poolSeed: 0,
      seed: 0,
    } as unknown as PairsSpec;
    const { allowanceUsd, earlierCalls = 0 } = options;
    const usage = Object.assign(new Usage(), { earlierCalls });
    const session = {
      runDir,
      usage,
      stage: {
        title: 'pairs',
        rows: { count: options.needed, usd: prices.preferencePair, sampleUsd: prices.verifierCall },
      },
      request: { allowanceUsd },
      loadTask: () => Promise.resolve({ task: coinTask, problems: { pool, excluded: {} } }),
      inputs: { open: () => Promise.resolve({ dir: runDir }), openOptional: () => Promise.resolve(null) },
      jobBase: (part: string) => ({ outputDir: join(runDir, part, 'out') }),
      freshDir: (name: string) => ensureDir(join(runDir, name)),
      throwIfStopped: () => undefined,
    } as unknown as StageSession;
    return { session, spec };
  }

  /** Its final cost, or the refusal. */
  async function spend(options: Parameters<typeof stageWith>[0]): Promise<number | BudgetlineError> {
    const { session, spec } = await stageWith(options);
    try {
      const { metrics } = await synthesizePairs(session, spec);
      return metrics['rows']! * prices.preferencePair + metrics['verifierCalls']! * prices.verifierCall;
    } catch (error) {
      assert.ok(error instanceof BudgetlineError, String(error));
      return error;
    }
  }

  it('never exceeds the allowance, however low the yield, and uses all of it before it stops', async () => {
    const settings = fc.record({
      needed: fc.integer({ min: 1, max: 60 }),
      every: fc.integer({ min: 1, max: 5 }),
      allowanceUsd: fc.integer({ min: 1, max: 250 }),
    });
    await fc.assert(
      fc.asyncProperty(settings, async ({ needed, every, allowanceUsd }) => {
        const yields = (index: number): boolean => index % every === 0;
        const whole = await spend({ needed, yields });
        const held = await spend({ needed, yields, allowanceUsd });
        if (typeof held === 'number') {
          assert.ok(held <= allowanceUsd);
          assert.equal(held, whole);
          return;
        }
        assert.ok(held.code === 'SPEND_LIMIT' || whole instanceof BudgetlineError, held.message);
        if (held.code !== 'SPEND_LIMIT') return;
        const { usd } = held.details as { usd: number };
        assert.ok(usd > allowanceUsd, 'one more prompt is not affordable');
        const rows = needed * prices.preferencePair;
        const onePrompt = pairs.candidates * prices.verifierCall;
        assert.ok(rows > allowanceUsd || usd - onePrompt <= allowanceUsd, 'all others were sampled');
      }),
      { numRuns: 40 },
    );
  });

  it('counts the calls of all rounds together', async () => {
    // 16 rows: a round of 32 prompts and 64 calls, then one of 96 prompts; one prompt in eight yields a
    // pair.
    const yields = (index: number): boolean => index % 8 === 0;
    const first = 16 + 64 * 0.25;
    const error = await spend({ needed: 16, yields, allowanceUsd: first + 192 * 0.25 - 1 });
    assert.ok(error instanceof BudgetlineError && error.code === 'SPEND_LIMIT', String(error));
    assert.equal(error.details['usd'], first + 190 * 0.25, 'the second round was limited to 94 prompts');
    assert.equal(typeof (await spend({ needed: 16, yields, allowanceUsd: first + 192 * 0.25 })), 'number');
  });

  it('of a small set is the cost of its prompts: no round is larger than affordable', async () => {
    const one = prices.preferencePair + pairs.candidates * prices.verifierCall;
    assert.equal(await spend({ needed: 1, yields: () => true, allowanceUsd: one }), one);
    const error = await spend({ needed: 1, yields: () => true, allowanceUsd: one - 0.01 });
    assert.ok(error instanceof BudgetlineError && error.code === 'SPEND_LIMIT', String(error));
  });

  it('does not count calls that earlier attempts paid for', async () => {
    const yields = (index: number): boolean => index % 8 === 0;
    const left = { needed: 16, yields, allowanceUsd: 16 + 192 * 0.25 };
    assert.ok((await spend(left)) instanceof BudgetlineError);
    assert.equal(typeof (await spend({ ...left, earlierCalls: 64 })), 'number');
  });

  it('is recorded by a final failure, and left to the retry otherwise', async () => {
    const poor = { needed: 16, allowanceUsd: 16 + 64 * 0.25, yields: (index: number) => index % 8 === 0 };
    const { session, spec } = await stageWith(poor);
    await assert.rejects(synthesizePairs(session, spec), { code: 'SPEND_LIMIT' });
    assert.equal(session.usage.verifierCalls, 64);
    const yielding = await stageWith(poor);
    const yielded = new BudgetlineError('TRAINER_YIELDED', 'Asked to stop.');
    let looks = 0;
    Object.assign(yielding.session, {
      throwIfStopped: () => {
        looks += 1;
        if (looks === 2) throw yielded;
      },
    });
    await assert.rejects(synthesizePairs(yielding.session, spec), yielded);
    assert.equal(yielding.session.usage.verifierCalls, 0, 'the retry counts its finished round');
  });

  it('is unlimited without a limit', async () => {
    assert.equal(typeof (await spend({ needed: 40, yields: () => true })), 'number');
  });
});
