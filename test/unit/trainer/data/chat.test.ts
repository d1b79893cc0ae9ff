import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { demonstrationRow, preferenceRow, promptRow } from '../../../../schemas/rows';
import { textRows } from '../../../../trainer/data/chat';
import { encodeExample } from '../../../../trainer/data/encode';
import { openChatTemplate, type ChatTemplate } from '../../../../trainer/io/chat-template';
import { readJsonLines } from '../../../../trainer/io/jsonl';
import { openTokenizer } from '../../../../trainer/io/tokenizer';
import { temporaryFolder } from '../../../support/temporary';

const oracles = resolve(__dirname, '..', '..', '..', 'oracles');
const { templates } = JSON.parse(readFileSync(join(oracles, 'chat-templates.json'), 'utf8')) as {
  templates: Record<string, string>;
};
const special = { bos_token: '<s>', eos_token: '<|im_end|>' };
const open = (name: string): Promise<ChatTemplate> => openChatTemplate(templates[name]!, special);
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const system = { role: 'system', content: 'S' };

const question = '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n';

describe('rows of messages', () => {
  const folder = temporaryFolder();
  let chatml: ChatTemplate;
  before(async () => {
    chatml = await open('chatml');
  });

  const asked = [system, user('2+2?')];

  it('equal text rows once rendered, in every form', () => {
    const row = { id: 'a', prompt: question, completion: '4<|im_end|>' };
    const demonstrations = textRows(demonstrationRow, chatml);
    assert.deepEqual(demonstrations.parse({ id: 'a', messages: [...asked, assistant('4')] }), row);
    assert.deepEqual(demonstrations.parse({ id: 'a', prompt: asked, completion: [assistant('4')] }), row);
    const pair = { id: 'a', prompt: question, chosen: '4<|im_end|>', rejected: '5<|im_end|>' };
    const pairs = textRows(preferenceRow, chatml);
    const [chosen, rejected] = [[assistant('4')], [assistant('5')]];
    assert.deepEqual(pairs.parse({ id: 'a', prompt: asked, chosen, rejected }), pair);
    const whole = { chosen: [...asked, ...chosen], rejected: [...asked, ...rejected] };
    assert.deepEqual(pairs.parse({ id: 'a', ...whole }), pair, 'the prompt is what both begin with');
    assert.deepEqual(textRows(promptRow, chatml).parse({ id: 'a', prompt: asked }), {
      id: 'a',
      prompt: question,
    });
  });

  it('supervise the last answer; the turns before it are its prompt', () => {
    const messages = [...asked, assistant('4'), user('and 3+3?'), assistant('6')];
    const { prompt, completion } = textRows(demonstrationRow, chatml).parse({ id: 'a', messages });
    assert.ok(prompt.includes('4<|im_end|>\n<|im_start|>user\nand 3+3?'));
    assert.equal(completion, '6<|im_end|>');
  });

  it('without messages are unchanged', () => {
    const row = { id: 'a', prompt: 'Q', completion: ' <|im_end|>\n' };
    assert.deepEqual(textRows(demonstrationRow, chatml).parse(row), row);
    assert.deepEqual(textRows(demonstrationRow, null).parse(row), row);
  });

  it('have one beginning and one end token, and the ids of the whole conversation', async () => {
    const pairs = [
      ['llama3', 'llama3'],
      ['qwen', 'qwen2'],
      ['chatml', 'smollm2'],
      ['llama2', 'llama2'],
      ['llama2', 'metaspace'],
    ] as const;
    const messages = [
      system,
      user(' Größe? '),
      assistant('é春 4'),
      user('x = 1\n'),
      assistant('if (x) {\n\t😀'),
    ];
    for (const [template, kind] of pairs) {
      const model = join(oracles, 'tokenizers', kind);
      const tokenizer = await openTokenizer(model, { config: { vocabSize: 2000 }, endOfSequence: [] });
      const config = JSON.parse(readFileSync(join(model, 'tokenizer_config.json'), 'utf8')) as typeof special;
      const bos = config.bos_token as string | null;
      const chat = await openChatTemplate(templates[template]!, {
        eos_token: config.eos_token,
        ...(bos === null ? {} : { bos_token: bos }),
      });
      const { prompt, completion } = textRows(demonstrationRow, chat).parse({ id: 'a', messages });
      const example = encodeExample(tokenizer, { prompt, answers: { completion } }, { path: 'x', line: 1 });
      const ids = [...example.prompt, ...example.answers[0]!];
      const whole = tokenizer.encodeStart(chat.render(messages, { opening: false }).trimEnd());
      assert.deepEqual(ids, whole, kind);
      const starts = ids.filter((id) => id === tokenizer.beginOfSequence).length;
      // Llama 2 has a beginning-of-sequence token in each exchange: two here.
      assert.equal(starts, tokenizer.beginOfSequence === null ? 0 : template === 'llama2' ? 2 : 1, kind);
      assert.equal(example.answers[0]!.filter((id) => id === tokenizer.endOfSequence).length, 1, kind);
    }
  });

  const refused: [string, string, object][] = [
    ['no answer', 'completion', { id: 'a', messages: asked }],
    ['nothing before the answer', 'messages', { id: 'a', messages: [assistant('4')] }],
    ['an empty answer', 'completion', { id: 'a', messages: [...asked, assistant(' ')] }],
    ['a turn that is none', 'messages.0.content', { id: 'a', messages: [{ role: 'user', content: 4 }] }],
    ['a text prompt with answers of messages', 'prompt', { id: 'a', prompt: 'Q', completion: asked }],
    ['messages and a completion', 'messages', { id: 'a', messages: [], completion: 'x' }],
  ];
  for (const [what, field, row] of refused)
    it(`refuse ${what}, naming file, line and field`, async () => {
      const path = folder.at('rows.jsonl');
      writeFileSync(path, `\n${JSON.stringify(row)}\n`);
      const rows = readJsonLines(path, textRows(demonstrationRow, chatml));
      await assert.rejects(rows.next(), (error: Error) => {
        assert.ok(error.message.startsWith(`${path}, line 2: field "${field}":`), error.message);
        return true;
      });
    });

  it('refuse pairs with no common prefix, and pairs that are equal', () => {
    const pairs = textRows(preferenceRow, chatml);
    const field = (row: object) => pairs.safeParse({ id: 'a', ...row }).error?.issues[0]?.path.join('.');
    assert.equal(
      field({ chosen: [user('a'), assistant('b')], rejected: [user('c'), assistant('d')] }),
      'chosen',
    );
    assert.equal(
      field({ chosen: [...asked, assistant('4')], rejected: [...asked, assistant('4')] }),
      'chosen',
    );
    assert.equal(field({ chosen: [...asked, assistant('4')], rejected: asked }), 'rejected');
  });

  it('refuse a model without a template, and report the template’s own error', async () => {
    const message = (template: ChatTemplate | null, messages: object[]) =>
      textRows(demonstrationRow, template).safeParse({ id: 'a', messages }).error?.issues[0]?.message ?? '';
    assert.match(message(null, [...asked, assistant('4')]), /no chat template/);
    const twice = [user('a'), user('b'), assistant('c')];
    assert.match(message(await open('llama2'), twice), /Turns must alternate/);
  });
});
