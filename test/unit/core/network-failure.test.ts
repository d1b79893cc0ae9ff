import assert from 'node:assert/strict';
import { APIConnectionError, APIConnectionTimeoutError, AuthenticationError } from 'openai';
import { networkFailure, statusOf } from '../../../core/network-failure';
import { userErrors } from '../../support/cases/network-errors';

describe('failures of the network', () => {
  it('are distinguished from mistakes, in any wrapping', () => {
    for (let seed = 0; seed < 40; seed += 1)
      for (const { title, error, isNetwork } of userErrors(seed))
        assert.equal(networkFailure(error) !== undefined, isNetwork, `${title}, seed ${seed}`);
  });

  it('are recognized where the openai client throws them', () => {
    assert.equal(
      networkFailure(new APIConnectionError({ message: 'Connection error.' })),
      'APIConnectionError',
    );
    assert.equal(networkFailure(new APIConnectionTimeoutError()), 'APIConnectionTimeoutError');
    const refused = new AuthenticationError(401, undefined, 'no key', new Headers());
    assert.deepEqual([networkFailure(refused), statusOf(refused)], [undefined, 401]);
  });

  it('end in causes that refer to each other', () => {
    const one = new Error('one');
    one.cause = new Error('two', { cause: one });
    assert.equal(networkFailure(one), undefined);
  });
});
