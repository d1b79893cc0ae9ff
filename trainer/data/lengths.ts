import { openTokenizer } from '../io/tokenizer';

/** Counts tokens as training and generation do. */
export interface TokenCounter {
  /** Tokens of a prompt. */
  prompt(text: string): number;
  /** Tokens of an answer, with its end-of-sequence token. */
  answer(text: string): number;
}

/** A count needs no weights, so the ids are not compared with the vocabulary of a config.json. */
const anyVocabulary = { config: { vocabSize: Infinity }, endOfSequence: [0] };

/**
 * Opens the tokenizer of a model folder or GGUF file for counting. Planning uses this, in the client's process.
 *
 * @throws CONFIG_INVALID, INPUT_MISSING
 */
export async function openTokenCounter(model: string): Promise<TokenCounter> {
  const tokenizer = await openTokenizer(model, anyVocabulary);
  return {
    prompt: (text) => tokenizer.encodeStart(text).length,
    answer(text) {
      const ids = tokenizer.encode(text);
      return ids.at(-1) === tokenizer.endOfSequence ? ids.length : ids.length + 1;
    },
  };
}
