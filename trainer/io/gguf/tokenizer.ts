import { ownField } from '../../../core/names';
import { z } from 'zod';
import { gpt2Words, splitAt } from '../tokenizer-definition';
import { refuseGguf, type GgufFile } from './file';

const index = z.int().nonnegative();
const schema = z.object({
  'tokenizer.ggml.model': z.string(),
  'tokenizer.ggml.pre': z.string().default('default'),
  'tokenizer.ggml.tokens': z.array(z.string()).min(1),
  'tokenizer.ggml.token_type': z.array(z.int()),
  'tokenizer.ggml.merges': z.array(z.string()).default([]),
  'tokenizer.ggml.bos_token_id': index.optional(),
  'tokenizer.ggml.eos_token_id': index.optional(),
  'tokenizer.ggml.unknown_token_id': index.optional(),
  'tokenizer.ggml.padding_token_id': index.optional(),
  'tokenizer.ggml.add_bos_token': z.boolean().default(false),
  'tokenizer.chat_template': z.string().optional(),
});
type Metadata = z.infer<typeof schema>;

/** Token types of llama.cpp: control tokens, and tokens added by users. */
const [control, userDefined] = [3, 4];

/** The pattern of Llama 3's tokenizer; `digits` is the quantifier of digits per token. */
const llama3Words = (digits: string): string =>
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" +
  `\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

interface Kind {
  /** Splits before the byte-level step. */
  readonly splits: readonly object[];
  readonly normalizer: object | null;
  /** Whether a word that is a token skips the merges. */
  readonly ignoreMerges: boolean;
}

/** By "tokenizer.ggml.pre". */
const kinds: Readonly<Record<string, Kind>> = {
  'gpt-2': { splits: [splitAt(gpt2Words)], normalizer: null, ignoreMerges: false },
  smollm: {
    splits: [{ type: 'Digits', individual_digits: true }, splitAt(gpt2Words)],
    normalizer: null,
    ignoreMerges: false,
  },
  'llama-bpe': { splits: [splitAt(llama3Words('{1,3}'))], normalizer: null, ignoreMerges: true },
  qwen2: { splits: [splitAt(llama3Words(''))], normalizer: { type: 'NFC' }, ignoreMerges: false },
};

const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

function readMetadata({ path, metadata }: GgufFile): Metadata {
  const parsed = schema.safeParse(metadata);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuseGguf(path, `its metadata "${issue?.path.join('.') ?? ''}" is missing or malformed`);
}

function findKind(path: string, metadata: Metadata): Kind {
  const { 'tokenizer.ggml.model': model, 'tokenizer.ggml.pre': pre } = metadata;
  const kind = model === 'gpt2' ? ownField(kinds, pre) : undefined;
  return (
    kind ??
    refuseGguf(
      path,
      `its tokenizer "${model}" with "${pre}" is not supported; put the model's tokenizer.json and tokenizer_config.json in the same folder`,
    )
  );
}

function listAddedTokens(metadata: Metadata): object[] {
  const types = metadata['tokenizer.ggml.token_type'];
  return metadata['tokenizer.ggml.tokens'].flatMap((content, id) => {
    const special = types[id] === control;
    if (!special && types[id] !== userDefined) return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

/** The tokenizer.json of a GGUF file. */
function renderDefinition(path: string, metadata: Metadata): object {
  const { splits, normalizer, ignoreMerges } = findKind(path, metadata);
  const vocab = Object.fromEntries(metadata['tokenizer.ggml.tokens'].map((token, id) => [token, id]));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: listAddedTokens(metadata),
    normalizer,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...splits, bytes] },
    post_processor: bytes,
    decoder: bytes,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: ignoreMerges,
      vocab,
      merges: metadata['tokenizer.ggml.merges'].map((merge) => merge.split(' ')),
    },
  };
}

/** The tokenizer_config.json of a GGUF file. */
function renderSettings(metadata: Metadata): object {
  const tokens = metadata['tokenizer.ggml.tokens'];
  const spell = (name: 'bos' | 'eos' | 'unknown' | 'padding'): string | null =>
    tokens[metadata[`tokenizer.ggml.${name}_token_id`] ?? -1] ?? null;
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: metadata['tokenizer.ggml.add_bos_token'],
    bos_token: spell('bos'),
    eos_token: spell('eos'),
    unk_token: spell('unknown'),
    pad_token: spell('padding'),
    clean_up_tokenization_spaces: false,
    ...(metadata['tokenizer.chat_template'] === undefined
      ? {}
      : { chat_template: metadata['tokenizer.chat_template'] }),
  };
}

/** The two tokenizer files of a GGUF file. @throws CONFIG_INVALID for unsupported tokenizers. */
export function renderGgufTokenizer(file: GgufFile): { definition: object; settings: object } {
  const metadata = readMetadata(file);
  return { definition: renderDefinition(file.path, metadata), settings: renderSettings(metadata) };
}
