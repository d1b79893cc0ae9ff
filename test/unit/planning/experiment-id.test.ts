import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isName } from '../../../core/names';
import { experimentIdOf } from '../../../planning';

describe('the id of a run’s ledger', () => {
  it('is the workflow id, if that can name a file', () => {
    for (const id of ['tiny-0123-b64-r0.5-s0', 'approved-tuning-256', 'A@b:c'])
      assert.equal(experimentIdOf(id), id);
  });

  it('names a file whatever the workflow id is, and is another one for another workflow id', () => {
    const ids = ['', '..', '../../x', 'team/a run: ü 1', 'team/a run: ü 2', '-x', '💥', 'x'.repeat(201)];
    assert.equal(new Set(ids.map(experimentIdOf)).size, ids.length);
    const texts = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(fc.property(texts, (id) => isName(experimentIdOf(id))));
    fc.assert(fc.property(texts, texts, (a, b) => a === b || experimentIdOf(a) !== experimentIdOf(b)));
  });
});
