import { strict as assert } from 'node:assert';
import { formatUsd } from '../../../cli/print/numbers';
import { trainingCurves, type Curve } from '../../../report/charts/curves';
import { priceSensitivity } from '../../../report/charts/prices';
import { renderChart } from '../../../report/charts/render';
import { formatProbability, formatSigned, formatUsd as formatReportUsd } from '../../../report/format';
import { samplesSection } from '../../../report/sections/samples';
import { signedOf } from '../../../report/sections/scores';
import { planEvidence } from '../../../report';
import { sweepFixture } from '../../support/report/sweep-fixture';

describe('numbers that are small', () => {
  it('a gain keeps its sign and one significant digit; rounding errors of 0 are 0', () => {
    for (const [value, text] of [
      [0.0003, '+0.0003'],
      [-0.0003, '−0.0003'],
      [0.00004, '+0.00004'],
      [0.71, '+0.710'],
      [-0.012, '−0.012'],
      [0, '0.000'],
      [1e-17, '0.000'],
      [-1e-17, '0.000'],
    ] as const)
      assert.equal(signedOf({ estimate: value, low: null, high: null }), text);
    for (const value of [0.0003, -0.0003])
      assert.equal(formatSigned(value), '0.000', 'no sign before nothing');
  });

  it('an amount of money is never rounded to 0', () => {
    for (const [usd, text] of [
      [0.00002, '$0.000020'],
      [0.0000015, '$0.0000015'],
      [0.0312, '$0.0312'],
      [0.25, '$0.25'],
      [-0.5, '−$0.50'],
      [4.921, '$4.92'],
      [1234.5, '$1,234.50'],
      [0, '$0.00'],
      [1e-17, '$0.00'],
      [-1e-17, '$0.00'],
    ] as const)
      assert.deepEqual([formatUsd(usd), formatReportUsd(usd)], [text, text]);
  });

  it('a probability is 1 or 0 only if it is', () => {
    const written = [1, 0.998, 0.97, 0.0004, 0].map(formatProbability);
    assert.deepEqual(written, ['1.00', '0.998', '0.97', '0.0004', '0.00']);
  });
});

describe('lines of one point', () => {
  const circles = (svg: string): number => svg.match(/d="M4\.472,0A/g)?.length ?? 0;

  it('a training curve of one step is a dot and says so, next to a curve of many', async () => {
    const one = { name: 'one', series: 0, dash: 0, points: [{ step: 1, value: 2 }] };
    const many = {
      name: 'many',
      series: 1,
      dash: 1,
      points: [1, 2, 3].map((step) => ({ step, value: step })),
    };
    const draw = (curves: (typeof one)[]) =>
      trainingCurves({ name: 'x', title: 'x', yTitle: 'Loss', curves });
    for (const size of ['wide', 'narrow'] as const) {
      assert.equal(circles(await renderChart(draw([one]), size)), 1);
      assert.equal(circles(await renderChart(draw([one, many]), size)), 1);
      assert.equal(circles(await renderChart(draw([many]), size)), 0);
    }
    assert.match(draw([one]).description, /one is 2\.000 at its only step/);
  });

  it('a loss on held-out rows is a circle for each epoch, named in the legend and in words', async () => {
    const points = [1, 2, 3, 4].map((step) => ({ step, value: 1 / step }));
    const heldOut = [0, 2, 4].map((step) => ({ step, value: 1 + (step - 2) ** 2 }));
    const draw = (curve: Pick<Curve, 'heldOut'>) =>
      trainingCurves({
        name: 'x',
        title: 'x',
        yTitle: 'Loss',
        curves: [{ name: 'run', series: 0, dash: 0, points, ...curve }],
      });
    const [with3, without] = [draw({ heldOut }), draw({})];
    assert.match(await renderChart(with3, 'wide'), /held-out loss, after each epoch/);
    assert.doesNotMatch(await renderChart(without, 'wide'), /held-out/);
    assert.match(with3.description, /on held-out rows from 5\.000 to 5\.000, lowest 1\.000 at step 2/);
    assert.doesNotMatch(without.description, /held-out/);
  });

  it('an SFT share that was measured at one price ratio is a dot', async () => {
    const prices = {
      money: 100,
      from: 0.5,
      to: 10,
      skipped: [],
      switches: [],
      curve: [
        { ratio: 1, best: 1, scores: [1, 0.5].map((fraction) => ({ fraction, score: fraction })) },
        { ratio: 2, best: 1, scores: [{ fraction: 1, score: 0.9 }] },
      ],
    };
    const chart = priceSensitivity({ metric: 'A', fractions: [1, 0.5], prices: prices });
    assert.equal(circles(await renderChart(chart, 'wide')), 1);
  });
});

describe('evidence', () => {
  const { result, analysis } = sweepFixture({ items: 20 });
  const largest = Math.max(...result.cells.map(({ cell }) => cell.budget));
  /** The same cells under two seeds, some of them missing. */
  const without = (gone: (cell: { budget: number; seed: number; sftFraction: number }) => boolean) => {
    const cells = [0, 1].flatMap((seed) =>
      result.cells.map((each) => ({ ...each, cell: { ...each.cell, seed, id: `${each.cell.id}-${seed}` } })),
    );
    return { ...result, cells: cells.filter(({ cell }) => !gone(cell)) };
  };

  it('is taken from another seed if the first one failed, and named by it', () => {
    const whole = planEvidence(
      without(() => false),
      analysis,
    );
    const failed = planEvidence(
      without(({ budget, seed }) => budget === largest && seed === 0),
      analysis,
    );
    assert.ok(whole.training.length > 0 && whole.answers.length > 1);
    assert.deepEqual(
      failed.training.map(({ stageKey }) => stageKey),
      whole.training.map(({ stageKey }) => stageKey),
    );
    assert.equal(failed.answers.length, whole.answers.length);
    for (const { name } of failed.training) assert.match(name, /^SFT share [\d.]+ \(seed 1\): /);
    for (const { name, itemsKey } of failed.answers.slice(1)) {
      assert.match(name, /\(seed 1\)/);
      assert.match(itemsKey, /-1$/);
    }
    for (const { name } of whole.training) assert.doesNotMatch(name, /seed/);
  });

  it('a failed cell removes no other', () => {
    const some = planEvidence(
      without(({ budget, seed, sftFraction }) => budget === largest && seed === 0 && sftFraction === 0.5),
      analysis,
    );
    const named = some.training.filter(({ name }) => name.includes('seed 1'));
    assert.ok(named.length > 0 && named.every(({ sftFraction }) => sftFraction === 0.5));
    assert.ok(some.training.some(({ sftFraction }) => sftFraction === 1));
  });

  it('samples are shown if the first model has none, and graded scores as numbers', () => {
    const item = (score: number) => ({
      id: 't',
      prompt: 'P',
      completion: 'c',
      score,
      wellFormed: true,
      truncated: false,
      repetition: 0,
      scores: {},
      finish: 'stop' as const,
      tokens: 1,
      target: 'x',
    });
    const shown = (score: number): string =>
      samplesSection([
        { name: 'Base model', items: [] },
        { name: 'SFT share 0.5', items: [item(score)] },
      ]).text;
    assert.match(shown(1), /✓ correct/);
    assert.match(shown(0), /✗ incorrect/);
    for (const [score, text] of [
      [0.5, '0.500'],
      [1 / 3, '0.333'],
      [0.25, '0.250'],
    ] as const) {
      assert.match(shown(score), new RegExp(`◐ ${text} of 1`));
      assert.doesNotMatch(shown(score), /right|wrong/);
    }
  });
});
