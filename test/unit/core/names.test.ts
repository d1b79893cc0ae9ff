import { strict as assert } from 'node:assert';
import { meantName } from '../../../core/names';

describe('the name that somebody meant', () => {
  const known = ['epochs', 'learningRate', 'lora', 'beta1', 'beta2', 'sftFractions'];

  it('is one of other case, signs or number', () => {
    assert.equal(meantName('learning_rate', known), 'learningRate');
    assert.equal(meantName('sftFraction', known), 'sftFractions');
    assert.equal(meantName('Lora', known), 'lora');
  });

  it('is the nearest one of at most two other letters', () => {
    assert.equal(meantName('leraningRate', known), 'learningRate');
    assert.equal(meantName('learnigRate', known), 'learningRate');
    assert.equal(meantName('learningSpeed', known), undefined);
  });

  it('is not guessed for short names, which are near to many others', () => {
    assert.equal(meantName('beta', known), undefined);
    assert.equal(meantName('loss', known), undefined);
  });
});
