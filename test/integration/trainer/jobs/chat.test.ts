import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemonstrationRow, GenerationRow } from '../../../../schemas/rows';
import { temporaryFolder } from '../../../support/temporary';
import {
  generateJob,
  makeDemonstrations,
  makeModel,
  sftJob,
  sha256OfFile,
} from '../../../support/trainer/tiny-model';
import { readRows, runJob, writeRows } from '../../../support/trainer/trainer-process';

/** Renders a conversation in the prompt format of the embedded model. */
const template =
  "{% for message in messages %}{{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token + '\n' }}" +
  '{% endif %}{% endfor %}';

describe('jobs on messages', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const user = (content: string) => [{ role: 'user', content }];
  let model = '';
  let rows: DemonstrationRow[] = [];

  before(() => {
    model = makeModel(folder.at('model'));
    writeFileSync(join(model, 'chat_template.jinja'), template);
    makeDemonstrations(folder.at('text.jsonl'), 8);
    rows = readRows<DemonstrationRow>(folder.path(), 'text.jsonl');
  });

  async function train(name: string, data: string): Promise<string> {
    const job = sftJob(folder.path(), name, { model, data });
    const run = await runJob({ ...job, training: { ...job.training, epochs: 1 } });
    assert.equal(run.status, 0, run.stderr);
    return sha256OfFile(join(job.outputDir, 'adapter_model.safetensors'));
  }

  it('sft trains the same bytes from messages as from their rendered text', async () => {
    const messages = rows.map(({ id, prompt, completion }) => ({
      id,
      messages: [...user(prompt), { role: 'assistant', content: completion }],
    }));
    const chat = writeRows(folder.at('chat.jsonl'), messages);
    assert.equal(await train('chat', chat), await train('text', folder.at('text.jsonl')));
  });

  it('generate answers messages like their rendered text', async () => {
    const generate = async (name: string, prompts: readonly object[]): Promise<GenerationRow[]> => {
      const path = writeRows(folder.at(`${name}.jsonl`), prompts);
      const job = generateJob(folder.path(), name, { model, prompts: path });
      const run = await runJob(job);
      assert.equal(run.status, 0, run.stderr);
      return readRows<GenerationRow>(job.outputDir, 'generations.jsonl');
    };
    const texts = rows.slice(0, 3).map(({ id, prompt }) => ({ id, prompt }));
    const chats = texts.map(({ id, prompt }) => ({ id, prompt: user(prompt) }));
    assert.deepEqual(await generate('chats', chats), await generate('texts', texts));
  });
});
