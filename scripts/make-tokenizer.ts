/**
 * Writes the architecture of the embedded model: models/tiny-math/config.json and its tokenizer, in Hugging Face
 * layout. The tokenizer is greedy longest match over the frequent words of grade-school-math and single characters, made
 * of standard parts, so that every reader of tokenizer.json returns the same ids. Run it again when the words change,
 * and pretrain again after that: `npx ts-node scripts/make-tokenizer.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { vocabularyWords } from '../tasks/grade-school-math/words';

const folder = resolve(__dirname, '..', 'models', 'tiny-math');
const specials = { pad: '<pad>', eos: '<eos>', unk: '<unk>' };
const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const tokens = [...Object.values(specials), '\n', ...printable, ...vocabularyWords];

/** Alternatives are tried in order, so the longest word is first; anything else is one character. */
function splitPattern(): string {
  const longestFirst = [...vocabularyWords].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return [...longestFirst.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')), '[\\s\\S]'].join('|');
}

const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: Object.values(specials).map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'Split', pattern: { Regex: splitPattern() }, behavior: 'Isolated', invert: false },
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    unk_token: specials.unk,
  },
};

const tokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  eos_token: specials.eos,
  pad_token: specials.pad,
  unk_token: specials.unk,
  clean_up_tokenization_spaces: false,
  model_max_length: 1024,
};

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: tokens.length,
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 32,
  hidden_act: 'silu',
  max_position_embeddings: 1024,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  rope_scaling: null,
  attention_bias: false,
  attention_dropout: 0,
  mlp_bias: false,
  tie_word_embeddings: true,
  initializer_range: 0.02,
  bos_token_id: null,
  eos_token_id: tokens.indexOf(specials.eos),
  pad_token_id: tokens.indexOf(specials.pad),
  torch_dtype: 'float32',
};

mkdirSync(folder, { recursive: true });
for (const [name, content] of Object.entries({
  'config.json': config,
  'tokenizer.json': tokenizer,
  'tokenizer_config.json': tokenizerConfig,
}))
  writeFileSync(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
