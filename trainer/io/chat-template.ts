import type { ChatMessage } from '../../schemas/chat';

/** The used part of @huggingface/jinja, whose own declarations do not resolve under this project's module settings. */
interface Scope {
  set(name: string, value: unknown): void;
}
interface JinjaLibrary {
  readonly Template: new (source: string) => { readonly parsed: object };
  readonly Environment: new () => Scope;
  readonly Interpreter: new (scope: Scope) => Interpreter;
}
interface Interpreter {
  run(parsed: object): { readonly value: unknown };
  /** Evaluates any statement or expression; `run` and the interpreter itself call it. */
  evaluate(statement: unknown, scope: unknown): unknown;
}

/** A model's chat template. */
export interface ChatTemplate {
  /**
   * The conversation's text; `opening` adds the generation prompt.
   * @throws Error with the template's message if it rejects the conversation or is malformed.
   */
  render(messages: readonly ChatMessage[], options: { opening: boolean }): string;
  /** Text of the end-of-sequence token, or null. */
  readonly endOfSequence: string | null;
}

/** Limit on `range()` in templates, far above the turns of a conversation. */
const maxRange = 100_000;

function range(...bounds: number[]): number[] {
  const [start = 0, stop = 0, step = 1] = bounds.length === 1 ? [0, bounds[0]] : bounds;
  const length = Math.ceil((stop - start) / step);
  if (!(length <= maxRange)) throw new Error(`range() has more than ${maxRange} steps`);
  return Array.from({ length: Math.max(0, length) }, (_, index) => start + index * step);
}

/** Globals of templates. Without a clock (`strftime_now`), equal rows have equal text on any day. */
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

/** A template takes some hundred steps for a turn. */
const maxSteps = 1_000_000;

/** An interpreter that ends loops within loops. */
function countingSteps({ Interpreter }: JinjaLibrary): JinjaLibrary['Interpreter'] {
  return class extends Interpreter {
    #steps = 0;

    override evaluate(statement: unknown, scope: unknown): unknown {
      this.#steps += 1;
      if (this.#steps > maxSteps) throw new Error(`it takes more than ${maxSteps} steps`);
      return super.evaluate(statement, scope);
    }
  };
}

/** Opens a template; `special` has the texts of special tokens by name, such as bos_token. */
export async function openChatTemplate(
  source: string,
  special: Readonly<Record<string, string>>,
): Promise<ChatTemplate> {
  const library = (await import('@huggingface/jinja')) as unknown as JinjaLibrary;
  const Interpreter = countingSteps(library);
  let parsed: object | undefined;
  return {
    endOfSequence: special['eos_token'] ?? null,
    render(messages, { opening }) {
      // Parsed on first use: rows of plain text must not fail on a template that they do not need.
      parsed ??= new library.Template(source).parsed;
      const scope = new library.Environment();
      const values = { ...globals, ...special, messages, add_generation_prompt: opening };
      for (const [name, value] of Object.entries(values)) scope.set(name, value);
      return String(new Interpreter(scope).run(parsed).value);
    },
  };
}
