import assert from 'node:assert/strict';
import { withoutFrameOf } from '../../text/overlap';

describe('pure: what a task puts around its problems', () => {
  const frame = (problem: string): string => `solve this step by step question ${problem} answer`;

  it('is what all texts begin and end with', () => {
    const own = withoutFrameOf([frame('two and two'), frame('three and four'), frame('five')]);
    assert.equal(own(frame('six and a half')), 'six and a half');
    assert.equal(own(frame('')), '');
  });

  it('leaves what only some have in common', () => {
    const own = withoutFrameOf([frame('ten apples cost two'), frame('ten apples weigh five'), frame('nine')]);
    assert.equal(own(frame('ten apples cost two')), 'ten apples cost two');
  });

  it('is nothing where there is one text alone, or none', () => {
    assert.equal(withoutFrameOf([frame('one'), frame('one')])(frame('one')), frame('one'));
    assert.equal(withoutFrameOf([])('a b'), 'a b');
  });
});
