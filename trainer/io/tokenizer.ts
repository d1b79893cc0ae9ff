import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import { chatTemplateFileName } from '../../schemas/model-files';
import { openChatTemplate, type ChatTemplate } from './chat-template';
import type { ModelSettings } from './model-config';
import { takeJson, type ModelFiles } from './model-files';
import { readModelFiles } from './model-folder';
import { addsPrefix, mendDefinition } from './tokenizer-definition';

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
  /** Ids of a text that goes on a sequence: nothing is put in front of it. */
  encode(text: string): number[];
  /** Ids of a text that begins a sequence: one beginning-of-sequence id in front where the tokenizer adds one. */
  encodeStart(text: string): number[];
  /** Text of ids that go on a sequence, special tokens left out. */
  decode(ids: readonly number[]): string;
  readonly endOfSequence: number;
  /** Null where the tokenizer adds none. */
  readonly beginOfSequence: number | null;
  /** Null where the model has none. */
  readonly chatTemplate: ChatTemplate | null;
}

/** What of a model's settings its tokenizer has to agree with. */
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
  /** Whether a space is put before a text that begins a sequence. */
  readonly prefixed: boolean;
}

async function open(path: string, files: ModelFiles): Promise<Opened> {
  // An ES module, and the only dependency that a job without text does not need.
  const library = (await import('@huggingface/tokenizers')) as unknown as TokenizersLibrary;
  const refuse = (name: string, what: string, cause?: unknown): BudgetlineError =>
    new BudgetlineError('CONFIG_INVALID', `${path}: ${name} ${what}.`, { details: { path, name }, cause });
  const definition = takeJson(files, 'tokenizer.json', path) as object;
  const settings = settingsSchema.safeParse(takeJson(files, 'tokenizer_config.json', path));
  if (!settings.success)
    throw refuse('tokenizer_config.json', settings.error.issues[0]?.message ?? 'is malformed');
  try {
    const inner = new library.Tokenizer(mendDefinition(definition), settings.data);
    return { inner, settings: settings.data, prefixed: addsPrefix(definition) };
  } catch (error) {
    throw refuse('tokenizer.json', `is no tokenizer that can be used: ${(error as Error).message}`, error);
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
 * A text that goes on a sequence gets no space in front, which such tokenizers add to every text: it is encoded, and
 * ids are decoded, behind a line end, whose ids and text are taken off again.
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

/** A tokenizer with more tokens than the model has embeddings belongs to another model. */
function createBound({ config: { vocabSize } }: VocabularySettings): (ids: number[]) => number[] {
  return (ids) => {
    const beyond = ids.find((id) => id >= vocabSize);
    if (beyond === undefined) return ids;
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `The tokenizer gives token ${beyond}, and the model's field "vocab_size" is ${vocabSize}.`,
      { remedy: 'Use the tokenizer that the model was made with.', details: { field: 'vocab_size' } },
    );
  };
}

/** chat_template.jinja where there is one, as transformers writes it today; else the settings' own. */
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
 * Opens the tokenizer of a model's folder or GGUF file.
 * @throws CONFIG_INVALID where it cannot be used or has no end-of-sequence token; INPUT_MISSING.
 */
export async function openTokenizer(path: string, model: VocabularySettings): Promise<Tokenizer> {
  const files = await readModelFiles(path);
  const opened = await open(path, files);
  const { inner, settings } = opened;
  const beginOfSequence = findBeginOfSequence(inner, settings);
  const bound = createBound(model);
  const { encode, decode } = continueText(opened);
  const template = findTemplate(files, settings);
  return {
    encode: (text) => bound(encode(text)),
    encodeStart(text) {
      const ids = bound(inner.encode(text, { add_special_tokens: false }).ids);
      return beginOfSequence === null || ids[0] === beginOfSequence ? ids : [beginOfSequence, ...ids];
    },
    decode,
    endOfSequence: findEndOfSequence(inner, settings, model),
    beginOfSequence,
    chatTemplate: template === null ? null : await openChatTemplate(template, listSpecialTokens(settings)),
  };
}
