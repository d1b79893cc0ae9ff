import assert from 'node:assert/strict';
import { endpointJudge, preferenceAnnotator } from '../../../annotators';
import { judgeMessages, type JudgePrompt } from '../../../annotators/judge-prompt';

const basics = {
  name: 'judge',
  description: 'A judge.',
  baseUrl: 'http://localhost/v1',
  model: 'm',
  apiKeyVariable: 'KEY',
  prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
  spendLimitUsd: 1,
};
const shown = { prompt: 'p', first: 'a', second: 'b' };

describe('the identity of a judge', () => {
  const digests = async (prompt: JudgePrompt) => {
    const judge = endpointJudge({ ...basics, ...prompt });
    const labels = preferenceAnnotator({ name: 'labels', description: '', by: judge });
    const found = await Promise.all([judge.identify?.(), judge.identify?.('verdict'), labels.identify?.()]);
    return found.map((identity) => identity?.promptTemplateSha256);
  };

  it('has the prompt of its use only', async () => {
    const [verdict, same, label] = await digests({});
    assert.equal(verdict, same);
    assert.notEqual(verdict, label);
    const own = await digests({ system: 'Which is better?' });
    assert.equal(new Set(own).size, 1);
    assert.ok(![verdict, label].includes(own[0]));
  });

  it('has the system prompt that is sent', () => {
    for (const prompt of [{}, { system: 'Which is better?' }]) {
      const { templateOf, messagesFor } = judgeMessages(prompt);
      assert.equal(templateOf('verdict')[0], messagesFor(shown).system);
      assert.equal(templateOf('label')[0], messagesFor({ ...shown, label: 0 }).system);
    }
  });
});
