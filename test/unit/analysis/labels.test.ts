import assert from 'node:assert/strict';
import { describeLabels, labelQuality } from '../../../analysis';
import { krippendorffAlpha } from '../../../analysis/agreement';
import type { Estimate } from '../../../contracts/analysis/estimate';
import { gatherLabels, mergeLabels } from '../../../contracts/labels';
import { measureLabels } from '../../../contracts/preferences';
import type { Preference } from '../../../contracts/task';
import { countPatterns, type StageMetrics } from '../../../contracts/metrics';
import type { RowSource, StageResult } from '../../../contracts/stage';
import { readOracle } from '../../support/oracle';

const cost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, verifierCalls: 0 };

/** Every stage has the same title: no number comes from it. */
const stage = { key: '', title: 'A stage', digest: '', cached: false, ledgerHead: null, cost, usd: 0 };
const dataStage = (rowSource: RowSource, metrics: StageMetrics['metrics']): StageResult => ({
  ...stage,
  kind: 'synthesizeData',
  makes: 'rows',
  rowSource,
  metrics,
});
const evaluation = (measured: StageMetrics): StageResult => ({
  ...stage,
  kind: 'evaluate',
  makes: 'scores',
  ...measured,
});

describe('noise and agreement of labels', () => {
  const file = { checked: 6, verifierMismatches: 1, labelledAgain: 12, labelledAlike: 9 };
  const preferences: RowSource = { what: 'user-preferences', from: 'digest', label: 'user preferences' };
  const labels = [
    {
      rows: [
        [2, 1],
        [0, 3],
      ],
      times: 3,
    },
    {
      rows: [
        [3, 0],
        [0, 3],
      ],
      times: 9,
    },
  ];

  it('counts a file once, however many budgets took rows of it, and the verdicts of all evaluations', () => {
    const gathered = gatherLabels([
      dataStage(preferences, { ...file, rows: 1600 }),
      dataStage(preferences, { ...file, labelledAgain: 3, rows: 8 }),
      dataStage(
        { what: 'user-demonstrations', from: 'digest', label: 'user demonstrations' },
        { checked: 2, verifierMismatches: 0 },
      ),
      evaluation({ metrics: { labelledAgain: 4, labelledAlike: 1 }, labels }),
      evaluation({ metrics: { labelledAgain: 2, labelledAlike: 2 }, labels }),
    ]);
    const found = labelQuality(gathered);
    assert.deepEqual(
      found.map(({ of, compared, alike }) => [of, compared, alike]),
      [
        ['user preferences', 12, 9],
        ['user demonstrations', 0, 0],
        ['evaluations', 6, 3],
      ],
    );
    assert.deepEqual(
      gathered.at(-1)?.patterns,
      labels.map(({ rows, times }) => ({ rows, times: 2 * times })),
    );
    assert.match(
      describeLabels(found[2]!),
      /^3 of 6 repeated labels agree, α 0\.8\d\d \(0\.\d+ to 0\.\d+\)$/,
    );
    assert.deepEqual(found.slice(0, 2).map(describeLabels), [
      '9 of 12 repeated labels agree; the task’s verifier contradicts 1 of 6 rows',
      'the task’s verifier contradicts 0 of 2 rows',
    ]);
    // A sweep's later page: evaluations add up, a file's counts are those of the whole file again.
    const [files, , evaluations] = labelQuality(mergeLabels(gathered, gathered));
    assert.deepEqual([files?.compared, evaluations?.compared], [12, 12]);
  });

  it('of preferences has ties, refusals and position bias, also where no item was labelled twice', () => {
    const source: RowSource = { what: 'pairs', from: 'staff', label: 'preferences by staff' };
    const stageOf = (...items: string[]) => {
      const votes = items.map((item) => item.split(' ') as Preference[]);
      const { metrics, labels } = measureLabels(votes);
      return { ...dataStage(source, { ...metrics, rows: items.length }), labels };
    };
    const twice = stageOf('first second', 'first first', 'second tie', 'refusal refusal');
    const unread = { ...twice, metrics: { ...twice.metrics, labelUnreadable: 1 } };
    const [found] = labelQuality(gatherLabels([unread, stageOf('first')]));
    assert.deepEqual(found?.preferences, {
      labels: 8,
      ties: 1,
      refusals: 2,
      unreadable: 1,
      decided: 5,
      firstShown: 3,
      orderCompared: 3,
      orderFlips: 1,
    });
    assert.match(
      describeLabels(found),
      /^8 preference labels, 1 tie, 2 refusals \(1 unreadable\); 3 of 5 choices took the answer shown first; 1 of 3 items changed with the order; 1 of 3 repeated labels agree, α /,
    );
    assert.deepEqual(labelQuality(gatherLabels([stageOf('first', 'tie')])).map(describeLabels), [
      '2 preference labels, 1 tie, 0 refusals; 1 of 1 choice took the answer shown first',
    ]);
  });

  it('groups by annotator and file, whatever the titles of the stages', () => {
    const sources: RowSource[] = [
      { what: 'user-preferences', from: 'digest of one file', label: 'user preferences' },
      { what: 'user-preferences', from: 'digest of another', label: 'user preferences' },
      { what: 'demonstrations', from: 'staff', label: 'demonstrations by staff' },
      { what: 'demonstrations', from: '3 students', label: 'demonstrations by 3 students' },
    ];
    const found = labelQuality(gatherLabels(sources.map((source) => dataStage(source, file))));
    assert.deepEqual(
      found.map(({ of, checked }) => [of, checked]),
      [
        ['user preferences', 6],
        ['user preferences', 6],
        ['demonstrations by staff', 6],
        ['demonstrations by 3 students', 6],
      ],
    );
  });

  it('is empty if nothing was labelled twice or checked', () => {
    const stages = [
      dataStage({ what: 'demonstrations', from: 'staff', label: 'demonstrations by staff' }, { rows: 8 }),
      evaluation({ metrics: { score: 1 } }),
    ];
    assert.deepEqual(gatherLabels(stages), []);
  });
});

interface Oracle {
  readonly cases: readonly { readonly name: string; readonly counts: number[][]; readonly alpha: number }[];
}

describe('Krippendorff’s alpha', () => {
  const patternsOf = (counts: readonly (readonly number[])[]) => countPatterns(counts.map((row) => [row]));

  for (const { name, counts, alpha } of (readOracle('agreement') as Oracle).cases)
    it(`is that of the krippendorff package: ${name}`, () => {
      const { estimate = 0, low = 0, high = 0 } = krippendorffAlpha(patternsOf(counts)) ?? {};
      assert.ok(Math.abs(estimate - alpha) < 1e-11, `${estimate}`);
      assert.ok(low! <= estimate && estimate <= high! && (name === 'opposed' || low! < high!));
    });

  it('gives the example that its author published: 0.743', () => {
    const { cases } = readOracle('agreement') as Oracle;
    const published = cases.find(({ name }) => name === 'published');
    assert.equal(published?.alpha.toFixed(3), '0.743');
  });

  it('resamples whole items: rows that repeat each other do not narrow the interval', () => {
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
    const twice = krippendorffAlpha(countPatterns(counts.map((row) => [row, row])));
    const apart = krippendorffAlpha(patternsOf([...counts, ...counts]));
    const width = ({ low, high }: Estimate): number => high! - low!;
    assert.ok(single && twice && apart);
    assert.ok(Math.abs(width(twice) - width(single)) < 0.1 * width(single), 'as wide as for eight items');
    assert.ok(width(apart) < 0.85 * width(single), 'narrower for sixteen items');
  });

  it('is null if every label is the same, or no row has two', () => {
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
