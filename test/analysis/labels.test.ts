import assert from 'node:assert/strict';
import { describeLabels, labelQuality } from '../../analysis';
import { krippendorffAlpha } from '../../analysis/agreement';
import type { Estimate } from '../../contracts/analysis';
import { gatherLabels, mergeLabels, patternFigures, readPatterns } from '../../contracts/labels';
import type { StageKind, StageResult } from '../../contracts/stage';
import { readOracle } from '../support/oracle';

const cost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, verifierCalls: 0 };
const stageOf = (kind: StageKind, title: string, metrics: StageResult['metrics']): StageResult => ({
  ...{ key: title, kind, title, digest: '', cached: false, ledgerHead: null, metrics, cost },
});

describe('pure: noise and agreement of labels', () => {
  const file = { checked: 6, contradicted: 1, labelledAgain: 12, labelledAlike: 9 };

  it('counts a file once, however many budgets took rows of it, and the verdicts of all evaluations', () => {
    const patterns = { 'labels.2-1+0-3': 3, 'labels.3-0+0-3': 9 };
    const stages = [
      stageOf('synthesizeData', '1600 preferences of a file', { ...file, rows: 1600 }),
      stageOf('synthesizeData', '8 preferences of a file', { ...file, rows: 8 }),
      stageOf('synthesizeData', '8 demonstrations of a file', { checked: 2, contradicted: 0 }),
      stageOf('evaluate', 'Evaluation on 4 items', { labelledAgain: 4, labelledAlike: 1, ...patterns }),
      stageOf('evaluate', 'Evaluation on 4 items, again', {
        labelledAgain: 2,
        labelledAlike: 2,
        ...patterns,
      }),
    ];
    const gathered = gatherLabels(stages);
    const found = labelQuality(gathered);
    assert.deepEqual(
      found.map(({ of, compared, alike }) => [of, compared, alike]),
      [
        ['preferences of a file', 12, 9],
        ['demonstrations of a file', 0, 0],
        ['evaluations', 6, 3],
      ],
    );
    assert.deepEqual(
      readPatterns(gathered.at(-1)!.figures).map(({ times }) => times),
      [6, 18],
    );
    assert.match(
      describeLabels(found[2]!),
      /^3 of 6 labels given again are alike, α 0\.8\d\d \(0\.\d+ to 0\.\d+\)$/,
    );
    assert.deepEqual(found.slice(0, 2).map(describeLabels), [
      '9 of 12 labels given again are alike; the task’s check contradicts 1 of 6 rows',
      'the task’s check contradicts 0 of 2 rows',
    ]);
    // A sweep's later page: evaluations add up, what a file's rows are like is told anew.
    const [files, , evaluations] = labelQuality(mergeLabels(gathered, gathered));
    assert.deepEqual([files?.compared, evaluations?.compared], [12, 12]);
  });

  it('says nothing where nothing was labelled twice or checked', () => {
    const stages = [
      stageOf('synthesizeData', '8 demonstrations by staff', { rows: 8 }),
      stageOf('evaluate', 'Evaluation on 4 items', { score: 1 }),
    ];
    assert.deepEqual(gatherLabels(stages), []);
  });
});

interface Oracle {
  readonly cases: readonly { readonly name: string; readonly counts: number[][]; readonly alpha: number }[];
}

describe('pure: Krippendorff’s alpha', () => {
  const patternsOf = (counts: readonly (readonly number[])[]) =>
    readPatterns(patternFigures(counts.map((row) => [row])));

  for (const { name, counts, alpha } of (readOracle('agreement') as Oracle).cases)
    it(`is that of the krippendorff package: ${name}`, () => {
      const { estimate = 0, low = 0, high = 0 } = krippendorffAlpha(patternsOf(counts)) ?? {};
      assert.ok(Math.abs(estimate - alpha) < 1e-11, `${estimate}`);
      assert.ok(low! <= estimate && estimate <= high! && (name === 'opposed' || low! < high!));
    });

  it('gives the example that its author published .743', () => {
    const { cases } = readOracle('agreement') as Oracle;
    const published = cases.find(({ name }) => name === 'published');
    assert.equal(published?.alpha.toFixed(3), '0.743');
  });

  it('resamples items whole: rows that repeat each other make it no surer', () => {
    const counts = [
      [3, 0],
      [2, 1],
      [0, 3],
      [1, 2],
      [3, 0],
      [0, 3],
      [2, 1],
      [0, 3],
    ];
    const single = krippendorffAlpha(patternsOf(counts));
    const twice = krippendorffAlpha(readPatterns(patternFigures(counts.map((row) => [row, row]))));
    const apart = krippendorffAlpha(patternsOf([...counts, ...counts]));
    const width = ({ low, high }: Estimate): number => high! - low!;
    assert.ok(single && twice && apart);
    assert.ok(Math.abs(width(twice) - width(single)) < 0.1 * width(single), 'as sure as of eight items');
    assert.ok(width(apart) < 0.85 * width(single), 'sixteen items are surer');
  });

  it('is not there where every label is the same, or no row has two', () => {
    assert.equal(
      krippendorffAlpha(
        patternsOf([
          [3, 0],
          [2, 0],
        ]),
      ),
      null,
    );
    assert.equal(
      krippendorffAlpha(
        patternsOf([
          [1, 0],
          [0, 1],
        ]),
      ),
      null,
    );
    assert.deepEqual(krippendorffAlpha(patternsOf([[2, 1]]))?.low, null);
  });
});
