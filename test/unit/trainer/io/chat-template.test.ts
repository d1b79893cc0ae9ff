import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ChatMessage } from '../../../../schemas/chat';
import { openChatTemplate } from '../../../../trainer/io/chat-template';
import { digestModelFolder, saveModelFolder } from '../../../../trainer/io/model-folder';
import { llama } from '../../../../trainer/families/llama';
import { readModelConfig } from '../../../../trainer/io/model-config';
import { openTokenizer } from '../../../../trainer/io/tokenizer';
import { temporaryFolder } from '../../../support/temporary';
import { architecture, copyModel, makeModel } from '../../../support/trainer/tiny-model';

interface Stored {
  readonly special: Record<string, string>;
  readonly templates: Record<string, string>;
  readonly conversations: readonly (readonly ChatMessage[])[];
  /** By template and conversation: without and with the generation prompt; null if rejected. */
  readonly rendered: Record<string, readonly (readonly [string | null, string | null])[]>;
}
const oracle = JSON.parse(
  readFileSync(resolve(__dirname, '..', '..', '..', 'oracles', 'chat-templates.json'), 'utf8'),
) as Stored;

const user = [{ role: 'user', content: 'Hi' }];

describe('chat templates', () => {
  const folder = temporaryFolder();

  for (const [name, source] of Object.entries(oracle.templates))
    it(`${name}: renders, and rejects, the same conversations as transformers`, async () => {
      const template = await openChatTemplate(source, oracle.special);
      for (const [at, messages] of oracle.conversations.entries())
        for (const opening of [false, true]) {
          const expected = oracle.rendered[name]![at]![opening ? 1 : 0];
          if (expected === null) assert.throws(() => template.render(messages, { opening }));
          else assert.equal(template.render(messages, { opening }), expected);
        }
    });

  it('have no clock: equal rows are equal text on any day', async () => {
    const template = await openChatTemplate('{{ "clock" if strftime_now is defined else "none" }}', {});
    assert.equal(template.render(user, { opening: false }), 'none');
  });

  it('cannot loop forever', async () => {
    const template = await openChatTemplate('{% for i in range(1000000000) %}x{% endfor %}', {});
    assert.throws(() => template.render(user, { opening: false }), /100000 steps/);
  });

  it('cannot hang in loops within loops, nor in macros that call themselves', async () => {
    const thousand = (body: string): string => `{% for i in range(1000) %}${body}{% endfor %}`;
    const nested = await openChatTemplate(thousand(thousand(thousand('x'))), {});
    assert.throws(() => nested.render(user, { opening: false }), /more than 1000000 steps/);
    const endless = await openChatTemplate('{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', {});
    assert.throws(() => endless.render(user, { opening: false }));
    const long = await openChatTemplate(
      '{% for m in messages %}{{ m.role }}: {{ m.content | trim }}{% endfor %}',
      {},
    );
    const turns = Array.from({ length: 2000 }, () => user[0]!);
    assert.equal(long.render(turns, { opening: false }).length, 2000 * 'user: Hi'.length);
  });

  it('come from chat_template.jinja, else tokenizer_config.json: its only one, or the one named "default"', async () => {
    const model = copyModel(architecture, folder.at('model'));
    const settings = readModelConfig(architecture);
    const render = async (): Promise<string | undefined> =>
      (await openTokenizer(model, settings)).chatTemplate?.render(user, { opening: false });
    const configure = (chat_template: unknown): void => {
      const path = join(model, 'tokenizer_config.json');
      const config = JSON.parse(readFileSync(path, 'utf8')) as object;
      writeFileSync(path, JSON.stringify({ ...config, chat_template }));
    };
    assert.equal(await render(), undefined);
    configure('one {{ eos_token }}');
    assert.equal(await render(), 'one <eos>');
    configure([
      { name: 'tool_use', template: 'two' },
      { name: 'default', template: 'three' },
    ]);
    assert.equal(await render(), 'three');
    writeFileSync(join(model, 'chat_template.jinja'), 'four');
    assert.equal(await render(), 'four');
  });

  it('are saved with the weights, and are part of the model’s digest', async () => {
    const model = makeModel(folder.at('travels'));
    const before = await digestModelFolder(model);
    writeFileSync(join(model, 'chat_template.jinja'), 'x');
    const after = await digestModelFolder(model);
    assert.deepEqual(Object.keys(after).length, Object.keys(before).length + 1);
    mkdirSync(folder.at('copy'));
    saveModelFolder(folder.at('copy'), { source: model, weights: new Map(), family: llama });
    assert.equal(readFileSync(join(folder.at('copy'), 'chat_template.jinja'), 'utf8'), 'x');
  });
});
