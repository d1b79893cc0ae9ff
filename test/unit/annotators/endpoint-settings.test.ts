import assert from 'node:assert/strict';
import { identityOf } from '../../../annotators/endpoint/identity';
import { settingsOf } from '../../../annotators/endpoint/settings';

const basics = {
  name: 'model',
  description: 'A model.',
  baseUrl: 'http://localhost/v1',
  model: 'm',
  apiKeyVariable: 'KEY',
  prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
  spendLimitUsd: 1,
};

describe('settings of an endpoint', () => {
  const settings = (change: object) => identityOf(settingsOf({ ...basics, ...change }), ['']).settings;

  it('has the further fields of requests in its identity, and not how they are sent', () => {
    assert.deepEqual(settings({}), { temperature: 0, maxTokens: 1024 });
    assert.deepEqual(
      settings({ maxTokensField: 'max_completion_tokens', acceptModels: ['x'] }),
      settings({}),
    );
    assert.deepEqual(settings({ temperature: null, extraBody: { reasoning_effort: 'low' } }), {
      temperature: null,
      maxTokens: 1024,
      reasoning_effort: 'low',
    });
  });

  it('keeps the fields that other settings make', () => {
    for (const field of ['model', 'messages', 'temperature', 'max_tokens', 'stream', 'n', 'response_format'])
      assert.throws(() => settings({ extraBody: { [field]: 1 } }), {
        code: 'DEFINITION_INVALID',
        message: `Annotator model: extraBody may not set "${field}".`,
      });
  });
});
