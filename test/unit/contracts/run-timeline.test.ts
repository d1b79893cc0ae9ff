import assert from 'node:assert/strict';
import { type AuditedStage, namedEvaluations } from '../../../contracts/run-timeline';

const score = { auxiliary: null, items: 4, score: 0.5, low: 0.25, high: 0.75 };

const evaluation = (title: string, cell: string | null, scores = [score]): AuditedStage => ({
  ...{ key: title, kind: 'evaluate', title, cell, scores, state: 'made', madeBy: 'e', artifact: 'a' },
  ...{ requestedAt: null, waitingMs: null, attempts: [], shared: [] },
});

describe('the name of an evaluation in an audit', () => {
  it('is its cell, with its title if the cell has several, or its title outside a cell', () => {
    const stages = [
      evaluation('Evaluation of the base', null),
      evaluation('SFT', 'b8-r1-s0', []),
      evaluation('Evaluation', 'b8-r1-s0'),
      evaluation('validation', 'b8-r0-s0'),
      evaluation('test', 'b8-r0-s0'),
    ];
    assert.deepEqual(
      namedEvaluations({ stages }).map(({ name }) => name),
      ['Evaluation of the base', 'b8-r1-s0', 'b8-r0-s0: validation', 'b8-r0-s0: test'],
    );
  });
});
