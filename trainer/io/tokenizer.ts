import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import { readJson } from './files';
import type { ModelSettings } from './model-config';

/** What is used of @huggingface/tokenizers: its own declarations do not resolve under this project's module settings. */
interface HuggingFaceTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
}
interface TokenizersLibrary {
  readonly Tokenizer: new (definition: object, settings: object) => HuggingFaceTokenizer;
}

/** A model's tokenizer with the ids that the program needs by name. */
export interface Tokenizer {
  /** Ids of a text, without special tokens added. */
  encode(text: string): number[];
  /** Ids of a text that begins a sequence: one beginning-of-sequence id in front where the tokenizer adds one. */
  encodeStart(text: string): number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  readonly endOfSequence: number;
  /** Null where the tokenizer adds none. */
  readonly beginOfSequence: number | null;
}

const token = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const settingsSchema = z.looseObject({
  eos_token: token,
  bos_token: token,
  add_bos_token: z.boolean().nullish(),
});
type TokenizerSettings = z.infer<typeof settingsSchema>;

const contentOf = (value: z.infer<typeof token>): string | undefined =>
  typeof value === 'object' && value !== null ? value.content : (value ?? undefined);

async function open(folder: string): Promise<{ inner: HuggingFaceTokenizer; settings: TokenizerSettings }> {
  // An ES module, and the only dependency that a job without text does not need.
  const library = (await import('@huggingface/tokenizers')) as unknown as TokenizersLibrary;
  const path = join(folder, 'tokenizer.json');
  const settingsPath = join(folder, 'tokenizer_config.json');
  const definition = readJson(path) as object;
  const settings = settingsSchema.safeParse(readJson(settingsPath));
  if (!settings.success)
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `${settingsPath}: ${settings.error.issues[0]?.message ?? 'malformed'}.`,
    );
  try {
    return { inner: new library.Tokenizer(definition, settings.data), settings: settings.data };
  } catch (error) {
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `${path} is no tokenizer that can be used: ${(error as Error).message}.`,
      {
        details: { path },
        cause: error,
      },
    );
  }
}

function findEndOfSequence(
  inner: HuggingFaceTokenizer,
  settings: TokenizerSettings,
  model: ModelSettings,
): number {
  const named = contentOf(settings.eos_token);
  const id = named === undefined ? model.endOfSequence[0] : inner.token_to_id(named);
  if (id !== undefined && id < model.config.vocabSize) return id;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    'The tokenizer has no end-of-sequence token: field "eos_token" of tokenizer_config.json names none of its tokens.',
    { details: { field: 'eos_token' } },
  );
}

/** The id that the tokenizer's own post-processing puts in front, or that its settings ask for. */
function findBeginOfSequence(inner: HuggingFaceTokenizer, settings: TokenizerSettings): number | null {
  const named = contentOf(settings.bos_token);
  const id = named === undefined ? undefined : inner.token_to_id(named);
  if (id === undefined || settings.add_bos_token === false) return null;
  const added = inner.encode('a', { add_special_tokens: true }).ids[0] === id;
  return added || settings.add_bos_token === true ? id : null;
}

/**
 * Opens the tokenizer of a model folder.
 * @throws CONFIG_INVALID where it cannot be used or has no end-of-sequence token; INPUT_MISSING.
 */
export async function openTokenizer(folder: string, model: ModelSettings): Promise<Tokenizer> {
  const { inner, settings } = await open(folder);
  const beginOfSequence = findBeginOfSequence(inner, settings);
  const encode = (text: string): number[] => inner.encode(text, { add_special_tokens: false }).ids;
  return {
    encode,
    encodeStart(text) {
      const ids = encode(text);
      return beginOfSequence === null || ids[0] === beginOfSequence ? ids : [beginOfSequence, ...ids];
    },
    decode(ids) {
      if (ids.length === 0) return '';
      return inner.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    },
    endOfSequence: findEndOfSequence(inner, settings, model),
    beginOfSequence,
  };
}
