import { createRandom } from '../../../core/random';

/** An error of a user's code, and whether the network failed. */
export interface UserError {
  readonly title: string;
  readonly error: unknown;
  readonly isNetwork: boolean;
}

const withFields = (error: Error, fields: object): Error => Object.assign(error, fields);

const codes = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'UND_ERR_SOCKET',
];

/** Failures of the network, as sockets, undici, axios and the openai client throw them. */
const failures: readonly ((code: string) => readonly [title: string, error: unknown])[] = [
  (code) => ['a socket', withFields(new Error(`read ${code}`), { code })],
  (code) => [
    'undici',
    new TypeError('fetch failed', { cause: withFields(new Error(`connect ${code}`), { code }) }),
  ],
  () => ['undici without a cause', new TypeError('fetch failed')],
  (code) => [
    'happy eyeballs',
    new TypeError('fetch failed', {
      cause: new AggregateError([
        withFields(new Error(`connect ${code} ::1:80`), { code }),
        withFields(new Error(`connect ${code} 127.0.0.1:80`), { code }),
      ]),
    }),
  ],
  () => ['a cut body', new TypeError('terminated')],
  () => ['an aborted call', new DOMException('This operation was aborted', 'AbortError')],
  () => ['a timeout', new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
  (code) => ['axios', withFields(new Error('Request failed'), { isAxiosError: true, code })],
  () => ['axios, status', withFields(new Error('Request failed'), { response: { status: 503 } })],
  () => ['a status', withFields(new Error('Too many'), { status: 429 })],
  () => ['a hung-up socket', new Error('socket hang up')],
];

/** Errors of programs. */
const mistakes: readonly (readonly [title: string, error: () => unknown])[] = [
  ['a TypeError', () => new TypeError("Cannot read properties of undefined (reading 'x')")],
  ['a RangeError', () => new RangeError('Invalid array length')],
  ['a caused TypeError', () => new TypeError('x is not a function', { cause: new Error('inner') })],
  ['a missing file', () => withFields(new Error('ENOENT: no such file'), { code: 'ENOENT' })],
  ['a text', () => 'out of ideas'],
  ['nothing', () => undefined],
  ['a collection', () => new AggregateError([new TypeError('one'), new Error('two')], 'both fail')],
  ['an assertion', () => withFields(new Error('1 !== 2'), { code: 'ERR_ASSERTION' })],
];

/** How users' code wraps errors. */
const wrappings: readonly ((error: unknown) => unknown)[] = [
  (error) => error,
  (cause) => new Error('The model was not asked', { cause }),
  (cause) => new Error('row 7', { cause: new Error('call', { cause }) }),
  (error) => new AggregateError([new Error('one of two'), error], 'All calls failed'),
  (error) =>
    new Error(`call failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error }),
];

/** Each failure of the network and each mistake, in seeded wrappings. */
export function userErrors(seed: number): UserError[] {
  const random = createRandom('user errors', seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const made = [
    ...failures.map((fail) => ({ made: fail(pick(codes)), isNetwork: true })),
    ...mistakes.map(([title, error]) => ({ made: [title, error()] as const, isNetwork: false })),
  ];
  return made.map(({ made: [title, error], isNetwork }) => ({
    title,
    error: pick(wrappings)(error),
    isNetwork,
  }));
}
