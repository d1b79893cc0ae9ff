import assert from 'node:assert/strict';
import { createStepsPerCall } from '../../../../trainer/jobs/steps-per-call';

describe('steps per call', () => {
  it('starts at one, then fills two seconds, between one and the limit', () => {
    const stepsPerCall = createStepsPerCall(8);
    assert.equal(stepsPerCall.next(), 1);
    stepsPerCall.record(400, 1);
    assert.equal(stepsPerCall.next(), 5);
    stepsPerCall.record(100, 5);
    assert.equal(stepsPerCall.next(), 8);
    stepsPerCall.record(90_000, 8);
    assert.equal(stepsPerCall.next(), 1);
    stepsPerCall.record(0, 1);
    assert.equal(stepsPerCall.next(), 8);
  });
});
