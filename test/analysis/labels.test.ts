import assert from 'node:assert/strict';
import { describeLabels, labelQuality } from '../../analysis';
import type { StageKind, StageResult } from '../../contracts/stage';

const cost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, checkerCalls: 0 };
const stageOf = (kind: StageKind, title: string, metrics: StageResult['metrics']): StageResult => ({
  ...{ key: title, kind, title, digest: '', cached: false, ledgerHead: null, metrics, cost },
});

describe('pure: noise and agreement of labels', () => {
  const file = { checked: 6, contradicted: 1, labelledAgain: 12, labelledAlike: 9 };

  it('counts a file once, however many budgets took rows of it, and the verdicts of all evaluations', () => {
    const stages = [
      stageOf('synthesizeData', '8 preferences of a file', file),
      stageOf('synthesizeData', '1600 preferences of a file', file),
      stageOf('synthesizeData', '8 demonstrations of a file', { checked: 2, contradicted: 0 }),
      stageOf('evaluate', 'Evaluation on 4 items', { labelledAgain: 4, labelledAlike: 1 }),
      stageOf('evaluate', 'Evaluation on 4 items, again', { labelledAgain: 2, labelledAlike: 2 }),
    ];
    const found = labelQuality(stages);
    assert.deepEqual(
      found.map(({ of, compared, alike }) => [of, compared, alike]),
      [
        ['preferences of a file', 12, 9],
        ['demonstrations of a file', 0, 0],
        ['evaluations', 6, 3],
      ],
    );
    assert.deepEqual(found.map(describeLabels), [
      '9 of 12 labels given again are alike; the task’s check contradicts 1 of 6 rows',
      'the task’s check contradicts 0 of 2 rows',
      '3 of 6 labels given again are alike',
    ]);
  });

  it('says nothing where nothing was labelled twice or checked', () => {
    assert.deepEqual(
      labelQuality([
        stageOf('synthesizeData', '8 demonstrations by staff', { rows: 8 }),
        stageOf('evaluate', 'Evaluation on 4 items', { score: 1 }),
      ]),
      [],
    );
  });
});
