import assert from 'node:assert/strict';
import { createCallPace } from '../../../trainer/jobs/call-pace';

describe('pure: the pace of calls', () => {
  it('begins with one step, and makes as many as two seconds hold, never none and never more than the limit', () => {
    const pace = createCallPace(8);
    assert.equal(pace.steps(), 1);
    pace.took(400, 1);
    assert.equal(pace.steps(), 5);
    pace.took(100, 5);
    assert.equal(pace.steps(), 8);
    pace.took(90_000, 8);
    assert.equal(pace.steps(), 1);
    pace.took(0, 1);
    assert.equal(pace.steps(), 8);
  });
});
