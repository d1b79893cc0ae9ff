/** A program: an expression over whole numbers and the variables x and y. */
export type Program = (x: number, y: number) => number;

export const programLimits = {
  /** Longest program, in characters. */
  characters: 400,
  /** Deepest nesting of brackets and signs, so that no answer exhausts the stack. */
  depth: 40,
} as const;

type Operator = '+' | '-' | '*';
const apply: Record<Operator, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
};

class Reader {
  readonly #tokens: string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = text.match(/\d+|min|max|[^\s]/g) ?? [];
  }

  take(...wanted: string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.#at += 1;
    return token;
  }

  expect(token: string): void {
    if (this.take(token) === undefined) throw new SyntaxError(`"${token}" is missing`);
  }

  get done(): boolean {
    return this.#at === this.#tokens.length;
  }

  sum(): Program {
    if ((this.#depth += 1) > programLimits.depth) throw new SyntaxError('too many brackets');
    let left = this.product();
    for (let sign = this.take('+', '-'); sign !== undefined; sign = this.take('+', '-'))
      left = combine(sign as Operator, left, this.product());
    this.#depth -= 1;
    return left;
  }

  product(): Program {
    let left = this.factor();
    while (this.take('*') !== undefined) left = combine('*', left, this.factor());
    return left;
  }

  factor(): Program {
    const name = this.take('x', 'y', '(', 'min', 'max', '-');
    if (name === 'x') return (x) => x;
    if (name === 'y') return (_, y) => y;
    if (name === '(') return this.inBrackets();
    if (name === '-') return this.negative();
    return name === undefined ? this.number() : this.extreme(name === 'min' ? Math.min : Math.max);
  }

  negative(): Program {
    if ((this.#depth += 1) > programLimits.depth) throw new SyntaxError('too many signs');
    const inner = this.factor();
    this.#depth -= 1;
    return (x, y) => -inner(x, y);
  }

  inBrackets(): Program {
    const inner = this.sum();
    this.expect(')');
    return inner;
  }

  extreme(choose: (a: number, b: number) => number): Program {
    this.expect('(');
    const first = this.sum();
    this.expect(',');
    const second = this.inBrackets();
    return (x, y) => choose(first(x, y), second(x, y));
  }

  number(): Program {
    const token = this.#tokens[this.#at] ?? '';
    if (!/^\d{1,9}$/.test(token)) throw new SyntaxError('a number or a variable is missing');
    this.#at += 1;
    return () => Number(token);
  }
}

function combine(sign: Operator, left: Program, right: Program): Program {
  return (x, y) => apply[sign](left(x, y), right(x, y));
}

/**
 * Parses a program: whole numbers, x, y, + - *, min(a, b), max(a, b) and brackets. It has no loops and no names to look
 * up, and no code of the host's language is evaluated, so running a model's answer is safe.
 *
 * @returns undefined where the text is not a program
 */
export function parseProgram(text: string): Program | undefined {
  if (text.length > programLimits.characters) return undefined;
  try {
    const reader = new Reader(text);
    const program = reader.sum();
    return reader.done ? program : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
