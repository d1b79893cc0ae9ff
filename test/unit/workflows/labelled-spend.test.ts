import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { PlannedStage, StageResult } from '../../../contracts/stage';
import { type CellPlan, labelsUsd, listPriceUsd, planGrid, Purchases } from '../../../planning';
import { planStage } from '../../../stages/define';
import { stageKinds } from '../../../stages/registry';
import { earlierStages } from '../../../workflows/outcomes';
import { SpendTracker } from '../../../workflows/spend-tracker';
import { resolveSweep } from '../../support/planning/resolve';

const [perItem, candidates, labelUsd, sampleUsd] = [2, 3, 0.5, 0.125];
const prices = { sftExample: 2, preferencePair: 1, preferenceLabel: labelUsd, sample: sampleUsd };
const { pairs } = resolveSweep().definition;
const endpoint = { kind: 'endpoint', digest: 'e'.repeat(64) } as const;

const labelledSweep = (isBilled: boolean, budgets: readonly number[], seeds = [0]) =>
  resolveSweep(
    {
      budgets: [...budgets],
      sftFractions: [0],
      seeds,
      prices,
      controls: [],
      pairs: { ...pairs, candidates, annotator: 'us', labels: perItem },
    },
    isBilled ? { preferenceAnnotator: endpoint } : {},
  );

const isLabelled = ({ rows }: PlannedStage): boolean => rows?.labels !== undefined;

/** Prompts that each further pair takes, in the order of a nest, and what a label on a bill costs. */
interface Truth {
  readonly promptsPerPair: readonly number[];
  readonly billedUsd: number;
}

/** Labels that stages have bought in each nest, by the limits that an activity has. */
class Labelling {
  readonly #bought = new Map<string, number>();
  spentUsd = 0;

  constructor(private readonly truth: Truth) {}

  start(stage: PlannedStage, allowanceUsd: number): LabelledRun {
    return new LabelledRun(this, stage, allowanceUsd);
  }

  boughtIn({ nest = '' }: PlannedStage): number {
    return this.#bought.get(nest) ?? 0;
  }

  promptsOf({ rows }: PlannedStage): number {
    return this.truth.promptsPerPair.slice(0, rows!.count).reduce((sum, prompts) => sum + prompts, 0);
  }

  /** Buys the labels up to a number; returns US dollars. */
  buy(stage: PlannedStage, labels: number): number {
    const before = this.boughtIn(stage);
    this.#bought.set(stage.nest!, Math.max(before, labels));
    const each = stage.rows!.labels!.billed ? this.truth.billedUsd : labelUsd;
    return this.pay(Math.max(0, labels - before) * each);
  }

  pay(usd: number): number {
    this.spentUsd += usd;
    return usd;
  }
}

/** A stage that labels prompts, one after another, within its allowance. */
class LabelledRun {
  readonly #free: number;
  #prompts = 0;
  #paidUsd = 0;

  constructor(
    private readonly all: Labelling,
    private readonly stage: PlannedStage,
    private readonly allowanceUsd: number,
  ) {
    this.#free = all.boughtIn(stage);
  }

  /** Labels up to `prompts` more prompts; false: the allowance stops it. */
  label(prompts: number): boolean {
    const end = Math.min(this.#prompts + prompts, this.all.promptsOf(this.stage));
    for (; this.#prompts < end; this.#prompts++) {
      if (this.#usdWith(this.#prompts + 1) > this.allowanceUsd + 1e-9) return false;
      this.#paidUsd += this.all.buy(this.stage, (this.#prompts + 1) * perItem);
    }
    return true;
  }

  get isDone(): boolean {
    return this.#prompts === this.all.promptsOf(this.stage);
  }

  /** Pays for the samples, as a finished stage and one that a limit stopped do. */
  end(): Pick<StageResult, 'usd' | 'rowsUsd' | 'metrics'> {
    const labelsPaidUsd = this.#paidUsd;
    const usd = labelsPaidUsd + this.all.pay(this.#prompts * candidates * sampleUsd);
    const rowsUsd = this.stage.rows!.labels!.billed ? undefined : labelsPaidUsd;
    return { usd, rowsUsd, metrics: { labels: this.#prompts * perItem } };
  }

  #usdWith(prompts: number): number {
    const planned = this.stage.rows!.labels!;
    const samples = prompts * candidates * sampleUsd;
    if (!planned.billed) return samples + labelsUsd(planned, prompts * perItem, this.#free);
    const isNew = prompts * perItem > this.all.boughtIn(this.stage);
    // An endpoint reserves a call's largest cost before the call.
    return samples + this.#paidUsd + (isNew ? perItem * 4 : 0);
  }
}

const truths = fc.record({
  promptsPerPair: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 32, maxLength: 32 }),
  billedUsd: fc.double({ min: 0, max: 4, noNaN: true }),
});

describe('the allowance of labelled pairs', () => {
  it('of a pipeline is never exceeded, whichever stage of a nest buys the labels, and at whatever yield', () => {
    const planned = (isBilled: boolean): PlannedStage[] => {
      const context = { resolved: labelledSweep(isBilled, [64]), seed: 0 };
      const references = [0, 1].map((seed) =>
        planStage(stageKinds.freezeReference, { ...context, seed }, { adapter: null }),
      );
      const [reference] = references;
      const sets = [4, 8, 12, 32].map((rows) =>
        planStage(stageKinds.synthesizeData, context, { rows, reference }),
      );
      const other = { rows: 6, reference, after: sets[1] };
      return [...sets, planStage(stageKinds.synthesizeData, context, other)];
    };
    const kinds = { listed: planned(false), billed: planned(true) };
    const events = fc.array(
      fc.record({
        at: fc.nat({ max: 4 }),
        prompts: fc.integer({ min: 1, max: 60 }),
        isLost: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
      }),
      { minLength: 10, maxLength: 60 },
    );
    const kind = fc.constantFrom('listed' as const, 'billed' as const);
    let stopped = 0;
    fc.assert(
      fc.property(
        kind,
        truths,
        events,
        fc.integer({ min: 0, max: 160 }),
        (of, truth, steps, allowanceUsd) => {
          const one = new Purchases({ allowanceUsd });
          const all = new Labelling(truth);
          const running = new Map<PlannedStage, LabelledRun>();
          for (const { at, prompts, isLost } of steps) {
            const stage = kinds[of][at]!;
            const known = running.get(stage);
            if (known === undefined) {
              try {
                one.reserve(stage);
              } catch {
                continue;
              }
              running.set(stage, all.start(stage, one.grant(stage)!));
              continue;
            }
            const isAllowed = known.label(prompts);
            if (isAllowed && !known.isDone && !isLost) continue;
            running.delete(stage);
            const paid = known.end();
            if (!isAllowed) stopped += 1;
            if (isLost) one.fail(stage, undefined);
            else if (isAllowed) one.settle(stage, paid);
            else one.fail(stage, paid.usd);
            assert.ok(all.spentUsd <= allowanceUsd + 1e-5, `${all.spentUsd} of ${allowanceUsd}`);
          }
        },
      ),
      { numRuns: 1000 },
    );
    assert.ok(stopped > 100, `${stopped} stages were stopped by their allowance`);
  });

  it('of a sweep is never exceeded, and is enough where the limit is the plan and the yield as planned', async () => {
    const { cells, annotationUsd } = await planGrid(labelledSweep(false, [8, 16, 32], [0, 1]));
    const settings = fc.record({
      order: fc.shuffledSubarray([...cells.keys()], { minLength: cells.length }),
      share: fc.double({ min: 0, max: 1.5, noNaN: true }),
      concurrency: fc.integer({ min: 1, max: 5 }),
      turns: fc.array(fc.nat({ max: 4 }), { minLength: 300, maxLength: 300 }),
    });
    type How = typeof settings extends fc.Arbitrary<infer T> ? T : never;
    const check = (truth: Truth, { order, share, concurrency, ...how }: How) => {
      const limit = share * annotationUsd;
      const spend = new SpendTracker({ spendLimitUsd: limit }, undefined);
      spend.reserve(cells.map(({ cell, stages }) => ({ id: cell.id, stages })));
      const all = new Labelling(truth);
      const turns = [...how.turns];
      const running: { cell: CellPlan; stage: PlannedStage; run: LabelledRun; purchases: Purchases }[] = [];
      let failed = 0;
      const step = (): void => {
        const at = (turns.shift() ?? 0) % running.length;
        const { cell, stage, run, purchases } = running[at]!;
        const isAllowed = run.label(12);
        if (isAllowed && !run.isDone) return;
        running.splice(at, 1);
        const paid = run.end();
        assert.ok(all.spentUsd <= limit + 1e-5, `${all.spentUsd} of ${limit}`);
        if (!isAllowed) {
          failed += 1;
          spend.writeOff(cell.cell.id, { finished: [], unplanned: [], usd: paid.usd });
          return;
        }
        purchases.settle(stage, paid);
        spend.settle(cell.cell.id, [{ ...stage, ...paid } as unknown as StageResult]);
      };
      for (const place of order) {
        const cell = cells[place]!;
        while (running.length === concurrency) step();
        if (!spend.admit(cell.cell.id, cell.stages, concurrency)) continue;
        const stage = cell.stages.find(isLabelled)!;
        const purchases = new Purchases(spend.grant(cell.cell.id));
        purchases.reserve(stage);
        running.push({ cell, stage, purchases, run: all.start(stage, purchases.grant(stage)!) });
      }
      while (running.length > 0) step();
      return { failed: failed + spend.record.skipped.length, spentUsd: all.spentUsd };
    };
    fc.assert(
      fc.property(truths, settings, (truth, how) => void check(truth, how)),
      { numRuns: 500 },
    );
    // 2.5 prompts a pair, as budgets assume.
    const asPlanned = { promptsPerPair: Array.from({ length: 32 }, (_, at) => 2 + (at % 2)), billedUsd: 0 };
    fc.assert(
      fc.property(settings, (how) => {
        const { failed, spentUsd } = check(asPlanned, { ...how, share: 1 });
        assert.equal(failed, 0);
        assert.ok(Math.abs(spentUsd - annotationUsd) < 1e-6, `${spentUsd} of ${annotationUsd}`);
      }),
      { numRuns: 200 },
    );
  });

  it('of a stage alone is its list price, and as much of others’ labels as it needs', () => {
    const [stage] = [labelledSweep(false, [64])].map((resolved) =>
      planStage(
        stageKinds.synthesizeData,
        { resolved, seed: 0 },
        {
          rows: 8,
          reference: planStage(stageKinds.freezeReference, { resolved, seed: 0 }, { adapter: null }),
        },
      ),
    );
    const { labels } = stage!.rows!;
    assert.equal(listPriceUsd([stage!]), 8 * 2.5 * (perItem * labelUsd + candidates * sampleUsd));
    assert.equal(labelsUsd(labels!, 12, 0), 40 * labelUsd, 'fewer than planned');
    assert.equal(labelsUsd(labels!, 52, 0), 52 * labelUsd);
    assert.equal(
      labelsUsd(labels!, 52, 30),
      52 * labelUsd,
      'of the planned ones, also those of others count',
    );
    assert.equal(labelsUsd(labels!, 52, 50), 42 * labelUsd);
  });

  it('of a later cell leaves out the labels that an ended one has, more or fewer than planned, also in a later run', async () => {
    const plan = await planGrid(labelledSweep(false, [8, 16]));
    const { cells } = plan;
    const [small, large] = [8, 16].map((budget) => cells.find(({ cell }) => cell.budget === budget)!) as [
      CellPlan,
      CellPlan,
    ];
    for (const labels of [20, 60]) {
      const spend = new SpendTracker({ spendLimitUsd: 500 }, undefined);
      assert.ok(spend.admit(small.cell.id, small.stages));
      const stage = small.stages.find(isLabelled)!;
      const paid = { usd: labels * labelUsd, rowsUsd: labels * labelUsd, metrics: { labels } };
      spend.settle(small.cell.id, [{ ...stage, ...paid } as unknown as StageResult]);
      const previous = { labelsByNest: spend.labelsByNest };
      const scores = { scores: { [small.cell.id]: 0.5 }, auxiliary: {} };
      const earlier = earlierStages(plan, scores, previous);
      const next = new SpendTracker({ spendLimitUsd: 500 }, spend.record, earlier);
      for (const one of [spend, next]) {
        assert.ok(one.admit(large.cell.id, large.stages));
        const { [large.stages.find(isLabelled)!.key]: boughtUsd } = one.paidUsd(large.cell.id);
        assert.equal(boughtUsd, labels * labelUsd);
      }
    }
  });

  it('of a later cell with the same labelled pairs is without them, more or fewer than planned', async () => {
    const resolved = labelledSweep(false, [8]);
    const { definition } = resolved;
    const rates = { ...definition, axes: { 'preference.learningRate': [1e-4, 2e-4] } };
    const [cell, next] = (await planGrid({ ...resolved, definition: rates })).cells as [CellPlan, CellPlan];
    const stage = cell.stages.find(isLabelled)!;
    assert.ok(next.stages.some(({ key }) => key === stage.key));
    for (const labels of [20, 60]) {
      const usd = labels * labelUsd;
      const spend = new SpendTracker({ spendLimitUsd: usd }, undefined);
      spend.admit(cell.cell.id, []);
      const paid = { usd, rowsUsd: usd, metrics: { labels } };
      spend.settle(cell.cell.id, [{ ...stage, ...paid } as unknown as StageResult], { unplanned: [stage] });
      assert.ok(spend.admit(next.cell.id, next.stages));
      assert.equal(spend.allowance(next.cell.id), 0);
      assert.equal(spend.paidUsd(next.cell.id)[stage.key], listPriceUsd([stage]));
    }
  });
});
