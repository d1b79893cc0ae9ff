import type { ChatMessage } from '../../schemas/chat';

/** What is used of @huggingface/jinja: its own declarations do not resolve under this project's module settings. */
interface Scope {
  set(name: string, value: unknown): void;
}
interface JinjaLibrary {
  readonly Template: new (source: string) => { readonly parsed: object };
  readonly Environment: new () => Scope;
  readonly Interpreter: new (scope: Scope) => { run(parsed: object): { readonly value: unknown } };
}

/** A model's own way of writing a conversation as text. */
export interface ChatTemplate {
  /**
   * The conversation's text, with what stands before an answer where `opening` is set.
   * @throws Error in the template's words where it refuses the conversation or is malformed.
   */
  render(messages: readonly ChatMessage[], options: { opening: boolean }): string;
  /** Spelling of the end-of-sequence token; null where the tokenizer names none. */
  readonly endOfSequence: string | null;
}

/** Longest range that a template may count through: a conversation has fewer turns. */
const longestRange = 100_000;

function range(...bounds: number[]): number[] {
  const [start = 0, stop = 0, step = 1] = bounds.length === 1 ? [0, bounds[0]] : bounds;
  const length = Math.ceil((stop - start) / step);
  if (!(length <= longestRange)) throw new Error(`range() counts more than ${longestRange} steps`);
  return Array.from({ length: Math.max(0, length) }, (_, at) => start + at * step);
}

/** What templates may call and name. There is no clock (`strftime_now`): equal rows must give equal text on any day. */
const globals = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range,
  raise_exception: (message: string): never => {
    throw new Error(message);
  },
};

/** Opens a template; `special` has the spellings of the special tokens by name, such as bos_token. */
export async function openChatTemplate(
  source: string,
  special: Readonly<Record<string, string>>,
): Promise<ChatTemplate> {
  const library = (await import('@huggingface/jinja')) as unknown as JinjaLibrary;
  let parsed: object | undefined;
  return {
    endOfSequence: special['eos_token'] ?? null,
    render(messages, { opening }) {
      // Parsed when it is first needed: rows of plain text must not fail on a template that they do not use.
      parsed ??= new library.Template(source).parsed;
      const scope = new library.Environment();
      const values = { ...globals, ...special, messages, add_generation_prompt: opening };
      for (const [name, value] of Object.entries(values)) scope.set(name, value);
      return String(new library.Interpreter(scope).run(parsed).value);
    },
  };
}
