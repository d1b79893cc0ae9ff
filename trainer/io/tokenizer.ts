import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { chatTemplateFileName } from '../../schemas/model-files';
import { openChatTemplate, type ChatTemplate } from './chat-template';
import type { ModelSettings } from './model-config';
import { takeJson, type ModelFiles } from './model-files';
import { readTokenizerFiles } from './model-folder';
import { addsPrefix, fixDefinition } from './tokenizer-definition';

/** The used part of @huggingface/tokenizers, whose own declarations do not resolve under this project's module settings. */
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

/** A model's tokenizer and its special ids. */
export interface Tokenizer {
  /** Ids of a text that continues a sequence: nothing is added in front. */
  encode(text: string): number[];
  /** Ids of a text that starts a sequence: with one beginning-of-sequence id if the tokenizer adds one. */
  encodeStart(text: string): number[];
  /** Text of ids that continue a sequence, without special tokens. */
  decode(ids: readonly number[]): string;
  readonly endOfSequence: number;
  /** null: the tokenizer adds none. */
  readonly beginOfSequence: number | null;
  /** null: the model has none. */
  readonly chatTemplate: ChatTemplate | null;
}

/** The model settings that its tokenizer must match. */
export interface VocabularySettings {
  readonly config: Pick<ModelSettings['config'], 'vocabSize'>;
  readonly endOfSequence: ModelSettings['endOfSequence'];
}

const token = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const settingsSchema = z.looseObject({
  eos_token: token,
  bos_token: token,
  add_bos_token: z.boolean().nullish(),
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
});
type TokenizerSettings = z.infer<typeof settingsSchema>;

const contentOf = (value: z.infer<typeof token>): string | undefined =>
  typeof value === 'object' && value !== null ? value.content : (value ?? undefined);

interface Opened {
  readonly inner: HuggingFaceTokenizer;
  readonly settings: TokenizerSettings;
  /** Whether it adds a space before a text. */
  readonly prefixed: boolean;
}

async function open(path: string, files: ModelFiles): Promise<Opened> {
  // An ES module; jobs without text do not load it.
  const library = (await import('@huggingface/tokenizers')) as unknown as TokenizersLibrary;
  const refuse = (name: string, what: string, cause?: unknown): BudgetlineError =>
    new BudgetlineError('CONFIG_INVALID', `${path}: ${name} ${what}.`, { details: { path, name }, cause });
  const definition = takeJson(files, 'tokenizer.json', path) as object;
  const settings = settingsSchema.safeParse(takeJson(files, 'tokenizer_config.json', path));
  if (!settings.success)
    throw refuse('tokenizer_config.json', settings.error.issues[0]?.message ?? 'is malformed');
  try {
    const inner = new library.Tokenizer(fixDefinition(definition), settings.data);
    return { inner, settings: settings.data, prefixed: addsPrefix(definition) };
  } catch (error) {
    throw refuse('tokenizer.json', `is not a usable tokenizer: ${(error as Error).message}`, error);
  }
}

function findEndOfSequence(
  inner: HuggingFaceTokenizer,
  settings: TokenizerSettings,
  model: VocabularySettings,
): number {
  const named = contentOf(settings.eos_token);
  const id = named === undefined ? model.endOfSequence[0] : inner.token_to_id(named);
  if (id !== undefined && id < model.config.vocabSize) return id;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    'The tokenizer has no end-of-sequence token: field "eos_token" of tokenizer_config.json is not one of its tokens.',
    { details: { field: 'eos_token' } },
  );
}

/** The id that the tokenizer's post-processing or settings add in front, or null. */
function findBeginOfSequence(inner: HuggingFaceTokenizer, settings: TokenizerSettings): number | null {
  const named = contentOf(settings.bos_token);
  const id = named === undefined ? undefined : inner.token_to_id(named);
  if (id === undefined || settings.add_bos_token === false) return null;
  const added = inner.encode('a', { add_special_tokens: true }).ids[0] === id;
  return added || settings.add_bos_token === true ? id : null;
}

/**
 * Encodes and decodes text that continues a sequence. Some tokenizers add a space before every text; to avoid it, the text
 * is processed after a line end, which is then removed.
 */
function continueText({ inner, prefixed }: Opened): Pick<Tokenizer, 'encode' | 'decode'> {
  const plain = (text: string): number[] => inner.encode(text, { add_special_tokens: false }).ids;
  const spell = (ids: number[]): string =>
    ids.length === 0
      ? ''
      : inner.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  const before = prefixed ? plain('\n') : [];
  if (before.length === 0) return { encode: plain, decode: (ids) => spell([...ids]) };
  const spelt = spell(before);
  return {
    encode(text) {
      const ids = plain(`\n${text}`);
      return before.every((id, at) => ids[at] === id) ? ids.slice(before.length) : plain(text);
    },
    decode: (ids) => spell([...before, ...ids]).slice(spelt.length),
  };
}

/** Checks ids against the model's vocabulary: a tokenizer with more tokens belongs to another model. */
function createIdCheck({ config: { vocabSize } }: VocabularySettings): (ids: number[]) => number[] {
  return (ids) => {
    const tooLarge = ids.find((id) => id >= vocabSize);
    if (tooLarge === undefined) return ids;
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `The tokenizer has token ${tooLarge}, but the model's field "vocab_size" is ${vocabSize}.`,
      { remedy: 'Use the tokenizer of this model.', details: { field: 'vocab_size' } },
    );
  };
}

/** The template in chat_template.jinja, else the one in tokenizer_config.json. */
function findTemplate(files: ModelFiles, { chat_template: named }: TokenizerSettings): string | null {
  const file = files.get(chatTemplateFileName);
  if (file !== undefined) return file.toString('utf8');
  if (!Array.isArray(named)) return named ?? null;
  return named.find(({ name }) => name === 'default')?.template ?? null;
}

function listSpecialTokens(settings: TokenizerSettings): Record<string, string> {
  const entries = Object.entries(settings)
    .filter(([name]) => name.endsWith('_token'))
    .map(([name, value]) => [name, contentOf(token.safeParse(value).data)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/**
 * Opens the tokenizer of a model folder or GGUF file.
 * @throws CONFIG_INVALID if it is unusable or has no end-of-sequence token; INPUT_MISSING.
 */
export async function openTokenizer(path: string, model: VocabularySettings): Promise<Tokenizer> {
  const files = await readTokenizerFiles(path);
  const opened = await open(path, files);
  const { inner, settings } = opened;
  const beginOfSequence = findBeginOfSequence(inner, settings);
  const checkIds = createIdCheck(model);
  const { encode, decode } = continueText(opened);
  const template = findTemplate(files, settings);
  return {
    encode: (text) => checkIds(encode(text)),
    encodeStart(text) {
      const ids = checkIds(inner.encode(text, { add_special_tokens: false }).ids);
      return beginOfSequence === null || ids[0] === beginOfSequence ? ids : [beginOfSequence, ...ids];
    },
    decode,
    endOfSequence: findEndOfSequence(inner, settings, model),
    beginOfSequence,
    chatTemplate: template === null ? null : await openChatTemplate(template, listSpecialTokens(settings)),
  };
}
