import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { generateSynthetic, gradeSchoolMath, vocabularyWords } from '../../../../tasks';
import { readModelConfig } from '../../../../trainer/io/model-config';
import { openTokenizer, type Tokenizer } from '../../../../trainer/io/tokenizer';
import { temporaryFolder } from '../../../support/temporary';
import { architecture, copyModel } from '../../../support/trainer/tiny-model';

interface Stored {
  readonly text: string;
  readonly ids: number[];
  readonly decoded: string;
}
const stored = JSON.parse(
  readFileSync(resolve(__dirname, '..', '..', '..', 'oracles', 'tokenizer-ids.json'), 'utf8'),
) as Stored[];

describe('tokenizer', () => {
  const folder = temporaryFolder();
  const settings = readModelConfig(architecture);
  let tokenizer: Tokenizer;
  before(async () => {
    tokenizer = await openTokenizer(architecture, settings);
  });

  it('has the ids and texts of Hugging Face’s tokenizers library', () => {
    for (const { text, ids, decoded } of stored) {
      assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids), decoded);
    }
  });

  it('round-trips any printable text', () => {
    const piece = fc.oneof(fc.constantFrom(...vocabularyWords), fc.stringMatching(/^[ -~\n]{0,6}$/));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        // Texts of special tokens encode as those tokens.
        const text = pieces.join('').replace(/<(?:pad|eos|unk)>/g, '');
        assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      }),
    );
  });

  it('never joins digits', () => {
    const ids = tokenizer.encode('17 112');
    assert.equal(ids.length, 6);
  });

  it('keeps prompts near 22 tokens and answers near 28', () => {
    const { pool } = generateSynthetic({ source: 'synthetic', seed: 0, pool: 300, validation: 1, test: 1 });
    const mean = (texts: string[]): number =>
      texts.reduce((sum, text) => sum + tokenizer.encode(text).length, 0) / texts.length;
    const prompts = mean(pool.map(({ prompt }) => prompt));
    const answers = mean(pool.map((problem) => gradeSchoolMath.gold(problem)));
    assert.ok(prompts > 18 && prompts < 26, `prompts have ${prompts} tokens`);
    assert.ok(answers > 22 && answers < 34, `answers have ${answers} tokens`);
  });

  it('fits the vocabulary of the configuration', () => {
    const { model } = JSON.parse(readFileSync(join(architecture, 'tokenizer.json'), 'utf8')) as {
      model: { vocab: Record<string, number> };
    };
    const ids = Object.values(model.vocab).sort((a, b) => a - b);
    assert.deepEqual(ids, [...Array(settings.config.vocabSize).keys()]);
  });

  it('adds one beginning-of-sequence token if the tokenizer has one, never two', async () => {
    const copy = copyModel(architecture, folder.at('bos'));
    const path = join(copy, 'tokenizer_config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...config, bos_token: '<unk>', add_bos_token: true }));
    const other = await openTokenizer(copy, settings);
    assert.deepEqual(other.encodeStart('Q:'), [2, ...tokenizer.encode('Q:')]);
    assert.deepEqual(other.encodeStart('<unk>Q:'), [2, ...tokenizer.encode('Q:')]);
    assert.equal(tokenizer.beginOfSequence, null);
  });

  it('refuses a tokenizer without an end of sequence', async () => {
    const copy = copyModel(architecture, folder.at('no-eos'));
    writeFileSync(join(copy, 'tokenizer_config.json'), JSON.stringify({ eos_token: 'none' }));
    await assert.rejects(openTokenizer(copy, settings), { code: 'CONFIG_INVALID' });
  });
});
