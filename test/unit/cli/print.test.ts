import { strict as assert } from 'node:assert';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import fc from 'fast-check';
import { renderEnding } from '../../../cli/print/ending';
import { createInk, takesColour } from '../../../cli/print/ink';
import { formatDifference, formatEstimate, formatRoughly } from '../../../cli/print/numbers';
import { renderPairEffects } from '../../../cli/print/pair-effects';
import { renderPlan } from '../../../cli/print/plan';
import { renderResults } from '../../../cli/print/results';
import { failures } from '../../../core/failures';
import { renderSearch } from '../../../cli/print/search';
import { renderTable } from '../../../cli/print/table';
import { fit, padLeft, padRight, pageWidth, wrap } from '../../../cli/print/text';
import { summarizePlan, type PlanSummary } from '../../../app/plan/plan-summary';
import type { SearchRecord, SweepResult } from '../../../contracts/results';
import { planGrid, type SweepPlan } from '../../../planning';
import { auxiliaryFixture, sweepFixture } from '../../support/report/sweep-fixture';

const plain = createInk(false);
const coloured = createInk(true);

const failedCellOf = (
  budget: number,
  sftFraction: number,
  code: string,
): SweepResult['failedCells'][number] => ({
  cell: {
    id: `b${budget}-r${sftFraction}-s0`,
    task: 'grade-school-math',
    model: 'embedded',
    annotator: 'majority-error',
    budget,
    sftFraction,
    seed: 0,
    sftRows: 1,
    pairRows: 1,
  },
  code,
  message: 'The loss is not a finite number at step 12.',
});

const resolved = (() => {
  const { definition } = sweepFixture({ items: 20 });
  return {
    definition,
    model: { name: 'embedded', digest: 'a'.repeat(64), path: '/models/tiny-math' },
    files: {},
    poolRows: 6144,
  };
})();

function assertFits(lines: readonly string[]): void {
  for (const line of lines) assert.ok(stringWidth(stripVTControlCharacters(line)) <= pageWidth, line);
}

describe('the printed results of a sweep', () => {
  const { analysis } = sweepFixture();
  const lines = renderResults(analysis, plain);
  const text = lines.join('\n');

  it('fits the page and has the same text without colours', () => {
    assertFits(lines);
    const painted = renderResults(analysis, coloured);
    assert.notDeepEqual(painted, lines);
    assert.deepEqual(painted.map(stripVTControlCharacters), lines);
  });

  it('shows every cell’s score with its interval, and marks the best of each budget', () => {
    assert.match(text, /^Instructions kept by budget and SFT share$/m);
    for (const { score } of analysis.cells) {
      assert.ok(text.includes(score.estimate.toFixed(3)), String(score.estimate));
      assert.ok(text.includes(`${score.low?.toFixed(3) ?? ''}–${score.high?.toFixed(3) ?? ''}`));
    }
    for (const { score } of analysis.budgets) assert.ok(text.includes(`${score.estimate.toFixed(3)} *`));
  });

  it('shows the rows that a pipeline bought where they differ from the split', () => {
    const bought = { demonstrations: 61, pairs: 3 };
    const budgets = analysis.budgets.map((budget) => ({ ...budget, bought }));
    const printed = renderResults({ ...analysis, budgets }, plain).join('\n');
    assert.match(printed, /SFT share [\d.]+, the pipeline bought 61 demonstrations and 3 pairs: /);
  });

  it('marks the splits that are statistically tied with the best, and no other', () => {
    const [row] = lines.filter((line) => /^ +1,024 /.test(line));
    const cells = analysis.cells.filter(({ budget }) => budget === 1024);
    for (const { score, distinguishable, toBest } of cells) {
      const mark = toBest.estimate === 0 ? '\\*' : distinguishable === false ? '~' : '(?! [*~])';
      assert.match(row ?? '', new RegExp(`${score.estimate.toFixed(3)} ?${mark}`));
    }
  });

  it('prints all five claims with their verdicts, and marks conditional ones', () => {
    for (const { claim, verdict } of analysis.verdicts)
      assert.match(text, new RegExp(`${claim}  ${verdict}`));
    assert.ok(analysis.verdicts.some(({ conditional }) => conditional));
    assert.match(text, /conditional/);
  });

  it('prints the evidence of the cold start and ends with the answer', () => {
    assert.match(text, /well-formed +\d+% +\d+% +\d+%/);
    const answer = lines
      .slice(lines.indexOf('Answer') + 1)
      .join(' ')
      .replace(/\s+/g, ' ')
      .trim();
    assert.equal(answer, analysis.answer.replace(/\s+/g, ' '));
  });

  it('shows the ablation of the mixture that won', () => {
    const [control] = analysis.controls;
    assert.ok(control !== undefined);
    assert.ok(
      text.includes(formatEstimate(control.mixture)) && text.includes(formatEstimate(control.control)),
    );
    assert.ok(text.includes(formatDifference(control.difference)));
  });

  it('shows auxiliary tasks: the base, each cell, its interval, its difference', () => {
    const { analysis } = sweepFixture({ items: 20 });
    assert.ok(!renderResults(analysis, plain).some((line) => line.startsWith('Auxiliary tasks')));
    const printed = renderResults({ ...analysis, auxiliary: [auxiliaryFixture] }, plain);
    assertFits(printed);
    const at = printed.findIndex((line) => line.startsWith('Auxiliary tasks'));
    assert.deepEqual(printed.slice(at + 1, at + 4), [
      '  budget  SFT share  model      an-evaluation-of-anothe…  minus base',
      '    base          –  untrained  0.400 (0.350–0.450)',
      '      64          1  SFT        0.250 (0.200–0.300)       −0.150 (−0.200 to −0.100)  falls',
    ]);
    assert.ok(printed.slice(at).join(' ').includes('It falls. On 300 items.'));
  });

  it('shows a failed cell with its code, in the table and below it', () => {
    const failedCells = [
      failedCellOf(256, 0.5, 'TRAINING_DIVERGED'),
      failedCellOf(64, 0, 'DEVICE_OUT_OF_MEMORY'),
    ];
    const printed = renderResults(sweepFixture({ failedCells }).analysis, plain);
    assertFits(printed);
    const shown = printed.join('\n');
    assert.match(shown, /SFT share 0\.5 at 256, seed 0 failed: TRAINING_DIVERGED\. The loss/);
    assert.match(shown, /SFT share 0 at 64, seed 0 failed: DEVICE_OUT_OF_MEMORY\./);
    assert.match(shown, /256.*TRAINING_.*\n.*DIVERGED/);
    assert.ok(shown.replace(/\s+/g, ' ').includes(`TRAINING_DIVERGED: ${failures.TRAINING_DIVERGED.remedy}`));
  });

  it('names each control that failed, with its cell, its code and what to do', () => {
    const { result } = sweepFixture();
    const of = result.cells.find(({ cell }) => cell.budget === 256 && cell.sftFraction === 0.5)!.cell.id;
    const reason = { of, code: 'TRAINING_DIVERGED', message: 'The loss rose.', stages: [] };
    const failedControls = [
      { kind: 'sft-on-chosen' as const, ...reason },
      { kind: 'beta' as const, setting: 'beta × 2', ...reason, remedy: 'Take a smaller one.' },
    ];
    const printed = renderResults(sweepFixture({ failedControls }).analysis, plain);
    assertFits(printed);
    const shown = printed.join('\n').replace(/\s+/g, ' ');
    const place = 'of SFT share 0.5 at 256, seed 0 failed: TRAINING_DIVERGED. The loss rose.';
    assert.ok(shown.includes(`! sft-on-chosen ${place} ${failures.TRAINING_DIVERGED.remedy}`));
    assert.ok(shown.includes(`! beta, beta × 2 ${place} Take a smaller one.`));
  });

  it('prints why the base model has no score, and the remedies of failures', () => {
    const remedy = 'Name the model as the endpoint does.';
    const baseFailure = { code: 'ANNOTATOR_REFUSED', message: 'Another answered.', remedy };
    const failedCells = [{ ...failedCellOf(256, 0.5, 'ANNOTATOR_REFUSED'), remedy }];
    const printed = renderResults(sweepFixture({ failedCells, baseFailure }).analysis, plain);
    assertFits(printed);
    assert.ok(printed.includes('  ! Base model failed: ANNOTATOR_REFUSED. Another answered.'));
    assert.ok(!printed.some((line) => line.startsWith('  Base model:')));
    const advice = printed.filter((line) => line.includes('ANNOTATOR_REFUSED: '));
    assert.deepEqual(advice, [`    ANNOTATOR_REFUSED: ${remedy}`], 'once, and not the default remedy');
  });

  it('breaks a wide grid into blocks that fit', () => {
    const fractions = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.25, 0.1, 0.05, 0];
    const { analysis: wide } = sweepFixture({ fractions, budgets: [256], items: 40 });
    const printed = renderResults(wide, plain);
    assertFits(printed);
    for (const fraction of fractions) assert.ok(printed.some((line) => line.includes(`SFT ${fraction}`)));
  });
});

describe('the printed plan', () => {
  const { definition } = resolved;
  let plan: SweepPlan;
  before(async () => {
    plan = await planGrid(resolved);
  });
  const summarize = (cached: ReadonlySet<string>): PlanSummary =>
    summarizePlan(plan, { definition, cached, slots: 2 });

  it('counts cells, shared stages and rows, and fits the page', () => {
    const summary = summarize(new Set());
    const lines = renderPlan(summary, definition, plain);
    assertFits(lines);
    assert.equal(summary.cells, 12);
    assert.ok(summary.uniqueStages < summary.stageUses);
    assert.ok(summary.sharedStages > 0);
    assert.deepEqual(summary.toBuy, summary.purchase);
    assert.match(lines.join('\n'), /12 = 3 budgets \(64, 256, 1,024\) × 4 SFT shares/);
  });

  it('has less to buy and takes less time with more stages in the store, down to 0', () => {
    const keys = plan.stages.map(({ stage }) => stage.key);
    const sizes = [0, 10, 20, keys.length].map((count) => summarize(new Set(keys.slice(0, count))));
    for (const [index, summary] of sizes.slice(1).entries()) {
      const before = sizes[index];
      assert.ok(before !== undefined && summary.toBuyUsd <= before.toBuyUsd);
      assert.ok(summary.seconds <= before.seconds);
    }
    const nothing = { demonstrations: 0, pairs: 0, verifierCalls: 0, unscored: 0, labels: 0 };
    assert.deepEqual(sizes.at(-1)?.toBuy, nothing);
    assert.equal(sizes.at(-1)?.seconds, 0);
  });

  it('counts the rows of a training stage whose data are in the store', () => {
    const data = plan.stages.filter(({ stage }) => stage.kind === 'synthesizeData');
    const cached = new Set(data.map(({ stage }) => stage.key));
    const { seconds } = summarizePlan(plan, { definition, cached, slots: 1 });
    const left = plan.stages.filter(({ stage }) => !cached.has(stage.key));
    const expected = left.reduce((sum, stage) => sum + stage.seconds, 0);
    assert.ok(Math.abs(seconds - expected) < 1e-6 * expected, `${seconds} of ${expected}`);
  });

  it('prints disk and memory, and the parts that are unknown', () => {
    const resources = {
      ...{ storeBytes: 13_400_000, storeBytesToRun: 9_000_000, scratchBytes: 12_600_000, memoryBytes: 2e8 },
      ...{
        memory: { bytes: 2_160_000_000, stage: 'SFT on 64 demonstrations' },
        unknown: { disk: 0, memory: 1 },
      },
    };
    const lines = renderPlan({ ...summarize(new Set()), resources }, definition, plain);
    assertFits(lines);
    const text = lines.join(' ').replace(/\s+/g, ' ');
    const disk =
      'about 13 MB in the store; still to add: 9 MB; at most 13 MB of scratch at once (2 device slots)';
    assert.ok(text.includes(`Disk ${disk}`), text);
    const memory = 'about 2.2 GB in the largest process: SFT on 64 demonstrations; unknown for 1 stage';
    assert.ok(text.includes(`Memory ${memory}`), text);
    assert.doesNotMatch(text, /Continues/);
  });

  it('prints the results that cells wait for, and the most that annotation costs', () => {
    const [first, second, ...others] = plan.cells;
    const continuesAfter = [first!.evaluation!];
    const waiting = [first!, second!].map((cell) => ({ ...cell, continuesAfter, boundUsd: 1.5 }));
    const summary = summarizePlan(
      { ...plan, cells: [...waiting, ...others] },
      { definition, cached: new Set(), slots: 2 },
    );
    const { title } = first!.evaluation!;
    const annotationAtMostUsd = plan.annotationUsd + 3;
    assert.deepEqual(summary.continuing, { cells: 2, after: [title], annotationAtMostUsd });
    const textAt = (verifierCall: number): string => {
      const lines = renderPlan(
        summary,
        { ...definition, prices: { ...definition.prices, verifierCall } },
        plain,
      );
      assertFits(lines);
      return lines.join(' ').replace(/\s+/g, ' ');
    };
    const atMost = `at most $${annotationAtMostUsd.toFixed(2)} (the budgets)`;
    for (const [price, bound] of [
      [0, `annotation is ${atMost}`],
      [0.25, `rows cost ${atMost}; more samples after results cost too`],
    ] as const) {
      const text = textAt(price);
      assert.ok(
        text.includes(`Continues after ${title} (2 cells): what follows is not in these numbers; ${bound}`),
        text,
      );
      assert.match(text, /verifier calls for the samples: /);
    }
  });

  it('prints the number of verdicts, each answer in both orders, and the spend limit', async () => {
    const evaluation = { ...definition.evaluation, judge: 'gpt' };
    const judged = { ...resolved, definition: { ...definition, evaluation } };
    const judgedPlan = await planGrid(judged);
    const summaryOf = (cached: readonly string[]): PlanSummary =>
      summarizePlan(judgedPlan, { definition: judged.definition, cached: new Set(cached), slots: 2 });
    const all = 2 * evaluation.items * (judgedPlan.cells.length + 1);
    assert.deepEqual(summaryOf([]).verdicts, { gpt: { all, toRun: all } });
    const { key } = judgedPlan.cells[0]!.evaluation!;
    const lines = renderPlan(summaryOf([key]), { ...judged.definition, spendLimitUsd: 12 }, plain);
    assertFits(lines);
    const text = lines.join(' ').replace(/\s+/g, ' ');
    assert.ok(text.includes(`Judging ${all} verdicts by gpt (each answer in both orders), without controls`));
    assert.ok(text.includes(`still to run: ${all - 2 * evaluation.items}`));
    assert.ok(text.includes('Limit at most $12.00 on annotators and judges'));
    const plainLines = renderPlan(summarize(new Set()), definition, plain).join('\n');
    assert.doesNotMatch(plainLines, /Judging|Limit/);
  });
});

describe('the printed effects of pairs', () => {
  it('name under-training as a verdict', () => {
    const measured = { estimate: 0.4, low: 0.3, high: 0.5 };
    const place = { budget: 16, sftFraction: 0.5, steps: 4, warmStart: measured, score: measured };
    const pairEffects = [{ ...place, effect: 'under-trained', difference: measured }];
    const text = renderPairEffects({ pairEffects, unit: 'rows' } as never, plain).join('\n');
    assert.match(text, /under-trained/);
  });
});

describe('the printed search', () => {
  const { definition } = resolved;
  const standing = { budget: 1024, sftFraction: 0.5, confidence: 0.93, runs: 3, settled: true };
  const search: SearchRecord = {
    method: 'adaptive',
    skipped: 5,
    costFraction: 0.4,
    rounds: [{ ids: [], standings: [standing], reason: 'Done: 1 of 1 budgets settled.' }],
    transfers: [{ budget: 1024, share: 1, hit: true }],
  };

  it('prints budgets in rows or in dollars', () => {
    const rows = renderSearch({ search, definition }, plain).join('\n');
    assert.match(rows, /At 1,024 rows, 100%/);
    assert.doesNotMatch(rows, /\$/);
    const money = { ...definition, budgetUnit: 'usd' as const };
    const dollars = renderSearch({ search, definition: money }, plain);
    assertFits(dollars);
    assert.match(dollars.join('\n'), /\$1,024 +0\.5 +0\.93 +3 +settled[^]*At \$1,024, 100%/);
  });
});

describe('the summary of a finished run', () => {
  const { result } = sweepFixture({ items: 20 });
  const stages = result.cells.flatMap((cell) => cell.stages);
  const totals = {
    stages: 10,
    states: { made: 6, reused: 1, failed: 3 },
    attempts: 9,
    outcomes: { published: 6, failed: 3 },
    workingMs: 0,
    waitingMs: 0,
    deviceMs: 0,
    cpuMs: 0,
    cpuUnknown: 0,
    tokens: 0,
    verifierCalls: 0,
    usd: 0,
  };

  it('prints the time to install Temporal apart from the total, and how to stop the server', () => {
    const ending = {
      elapsedMs: 171_000,
      acquisitionMs: 204_000,
      stages,
      totals,
      reportPaths: ['/home/reports/x/report.html'],
      resultPath: '/home/reports/x/result.json',
      scoresPath: '/home/reports/x/scores.csv',
      temporalUi: 'http://localhost:8233/x',
      server: { address: '127.0.0.1:7233', stopCommand: 'budgetline server stop' },
    };
    const text = renderEnding(ending, plain).join('\n');
    assert.match(text, /Done in 2 min 51 s, plus 3 min 24 s to install Temporal/);
    assert.match(text, /budgetline server stop/);
    assert.doesNotMatch(text, /warnings/);
    const warnings = [{ code: 'OVERLENGTH', message: '3 rows were dropped.' }];
    const warned = { ...ending, stages: stages.map((stage) => ({ ...stage, warnings })) };
    const keys = new Set(stages.map(({ key }) => key)).size;
    assert.ok(renderEnding(warned, plain).join(' ').includes(`OVERLENGTH ${keys}×`));
    const [first, ...others] = stages;
    const judged = { ...first!, makes: 'scores', metrics: { labelledAgain: 4, labelledAlike: 1 } };
    const labelled = renderEnding({ ...ending, stages: [judged, judged, ...others] }, plain).join('\n');
    assert.match(labelled, /Labels of evaluations: 1 of 4 repeated labels agree\./);
    assert.doesNotMatch(
      renderEnding({ ...ending, acquisitionMs: 0 }, plain).join('\n'),
      /to install Temporal/,
    );
  });
});

describe('words on a page', () => {
  const words = fc.array(fc.stringMatching(/^[a-zé−]{1,30}$/), { minLength: 1, maxLength: 60 });

  it('wraps without losing a word, and within the width', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 34, max: 100 }), (list, width) => {
        const lines = wrap(list.join(' '), { first: '  ', width });
        assert.equal(lines.map((line) => line.trim()).join(' '), list.join(' '));
        for (const line of lines) assert.ok(stringWidth(line) <= width);
      }),
    );
  });

  it('does not break a path that is longer than a line', () => {
    const path = `/${'folder/'.repeat(30)}file`;
    assert.ok(wrap(`Report ${path}`).some((line) => line.includes(path)));
    assert.equal(fit('twelve chars', 6), 'twelv…');
    const decomposed = '/cafe\u0301/rows.jsonl';
    assert.deepEqual(wrap(decomposed), [decomposed]);
  });

  it('measures wide characters, joined emoji and colours by the columns they take', () => {
    const family = '👨‍👩‍👧';
    assert.deepEqual(
      [padRight('古池', 5), padLeft(family, 3), padRight('\u001b[31mred\u001b[39m', 4)],
      ['古池 ', ` ${family}`, '\u001b[31mred\u001b[39m '],
    );
    assert.deepEqual([fit('古池や蛙', 6), fit(`${family}${family}`, 3)], ['古池…', `${family}…`]);
    assert.deepEqual(wrap('古池や 蛙飛び込む 水の音', { first: '- ', width: 16 }), [
      '- 古池や',
      '  蛙飛び込む',
      '  水の音',
    ]);
    const rows = [
      [{ text: '古池' }, { text: '1' }],
      [{ text: 'abcd' }, { text: '2' }],
    ];
    const table = renderTable({ columns: [{ title: 'name' }, { title: 'n' }], rows });
    assert.deepEqual(table, ['  name  n', '  古池  1', '  abcd  2']);
  });

  it('prints differences with a true minus sign, and no negative zero', () => {
    assert.equal(
      formatDifference({ estimate: -0.012, low: -0.05, high: 0.026 }),
      '−0.012 (−0.050 to +0.026)',
    );
    assert.equal(formatDifference({ estimate: -0.0001, low: null, high: null }), '0.000');
    assert.equal(formatRoughly(0.2), '1 s');
    assert.equal(formatRoughly(94), '2 min');
  });

  it('colours a terminal, and respects NO_COLOR and FORCE_COLOR', () => {
    const terminal = { isTTY: true };
    assert.equal(takesColour(terminal, {}), true);
    assert.equal(takesColour(terminal, { NO_COLOR: '1' }), false);
    assert.equal(takesColour(terminal, { TERM: 'dumb' }), false);
    assert.equal(takesColour({}, {}), false);
    assert.equal(takesColour({}, { FORCE_COLOR: '1' }), true);
  });
});
