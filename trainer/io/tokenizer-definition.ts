import { isRecord } from '../../core/is-record';

/** A part of tokenizer.json: a normalizer, a pre-tokenizer, or a sequence of them. */
type Part = Readonly<Record<string, unknown>>;

/** A part and all parts within it. */
function* walk(part: unknown): Generator<Part> {
  if (Array.isArray(part)) for (const inner of part) yield* walk(inner);
  if (!isRecord(part)) return;
  yield part;
  yield* walk(part['normalizers']);
  yield* walk(part['pretokenizers']);
}

function addsSpace(part: Part): boolean {
  if (part['type'] === 'Prepend') return true;
  if (part['type'] === 'ByteLevel') return part['add_prefix_space'] === true;
  if (part['type'] !== 'Metaspace') return false;
  return part['prepend_scheme'] === undefined
    ? part['add_prefix_space'] === true
    : part['prepend_scheme'] !== 'never';
}

/** Whether the tokenizer adds a space before a text, as SentencePiece does. */
export function addsPrefix(definition: object): boolean {
  const { normalizer, pre_tokenizer: preTokenizer } = definition as Part;
  return [...walk(normalizer), ...walk(preTokenizer)].some(addsSpace);
}

/** A pre-tokenizer that splits texts into the matches of a pattern and the text between them. */
export const splitAt = (pattern: string): Part => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

/** GPT-2's pattern. As a Split, its \s and \p{N} match as in the original library. */
export const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * Works around two differences of the JavaScript library: its "Digits" knows only 0 to 9, not every Unicode number such as
 * ½, and its "ByteLevel" treats a byte-order mark as white space.
 */
function fixPart(part: unknown): unknown {
  if (!isRecord(part)) return part;
  if (part['type'] === 'Digits') return splitAt(part['individual_digits'] === true ? '\\p{N}' : '\\p{N}+');
  if (part['type'] === 'ByteLevel' && part['use_regex'] !== false && part['add_prefix_space'] !== true)
    return { type: 'Sequence', pretokenizers: [splitAt(gpt2Words), { ...part, use_regex: false }] };
  const { pretokenizers } = part;
  return Array.isArray(pretokenizers) ? { ...part, pretokenizers: pretokenizers.map(fixPart) } : part;
}

/** A definition that the JavaScript library interprets as the original library does. */
export function fixDefinition(definition: object): object {
  return { ...definition, pre_tokenizer: fixPart((definition as Part)['pre_tokenizer']) };
}
