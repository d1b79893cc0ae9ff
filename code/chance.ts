import { AsyncLocalStorage } from 'node:async_hooks';
import { firstPlaceIn, isOurs, placeOf } from './places';

/** Makes the error of a call: "Math.random()" at "/pipeline.ts:3"; the place is undefined outside of user code. */
export type Refuse = (what: string, place: string | undefined) => Error;

type Callable = (...args: never[]) => unknown;

/** The real one. */
const later = setImmediate;

const refusing = new AsyncLocalStorage<Refuse>();

function stackFrom(called: Callable): unknown {
  const trace = { stack: '' };
  Error.captureStackTrace(trace, called);
  return trace.stack;
}

/** The stack as Node writes it. */
function plainStackFrom(called: Callable): unknown {
  const restore = replace(Error, 'prepareStackTrace', { value: undefined, writable: true });
  const stack = stackFrom(called);
  restore();
  return stack;
}

/** The calls that lead to a function, innermost first, without the function itself. */
function callersOf(called: Callable): string[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  const stack = stackFrom(called);
  // Compilers correct the lines by Error.prepareStackTrace; some libraries return no text from it.
  const text = typeof stack === 'string' ? stack : String(plainStackFrom(called));
  Error.stackTraceLimit = stackTraceLimit;
  return text.split('\n').slice(1);
}

/** Node, this package and the loader of modules may read what they need. */
function isFree(caller: string): boolean {
  const file = placeOf(caller)?.file;
  return /[( ]node:/.test(caller) || (file !== undefined && (isOurs(file) || /[/\\]jiti[/\\]/.test(file)));
}

/** Refuses a call of user code, or of a package, that a guarded function makes. */
function check(what: string, called: Callable): void {
  const refuse = refusing.getStore();
  if (refuse === undefined) return;
  const callers = callersOf(called);
  if (isFree(callers[0] ?? '')) return;
  const place = firstPlaceIn(callers.join('\n'));
  throw refuse(what, place && `${place.file}:${place.line}`);
}

/** Puts another property in the place of one; returns what puts it back. */
function replace(holder: object, name: string, property: PropertyDescriptor): () => void {
  const own = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, { ...property, configurable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, own);
  };
}

function replaceFunction(holder: object, name: string, what: string): () => void {
  const apply = (target: Callable, self: unknown, args: never[]): unknown => {
    check(what, apply);
    return Reflect.apply(target, self, args);
  };
  const value = new Proxy(Reflect.get(holder, name) as Callable, { apply });
  return replace(holder, name, { value, writable: true });
}

function replaceDate(): () => void {
  const apply = (target: DateConstructor): string => {
    check('Date()', apply);
    return target();
  };
  const construct = (target: DateConstructor, args: readonly unknown[], made: new () => object): object => {
    if (args.length === 0) check('new Date()', construct);
    return Reflect.construct(target, args, made) as object;
  };
  const value = new Proxy(Date, { apply, construct });
  const restores = [
    replace(globalThis, 'Date', { value, writable: true }),
    // new Date().constructor === Date
    replace(Date.prototype, 'constructor', { value, writable: true }),
  ];
  return () => {
    for (const restore of restores) restore();
  };
}

function replaceTimeOrigin(): () => void {
  const { timeOrigin } = performance;
  const get = (): number => {
    check('performance.timeOrigin', get);
    return timeOrigin;
  };
  return replace(performance, 'timeOrigin', { get });
}

function replaceEnvironment(): () => void {
  let { env } = process;
  const get = (): NodeJS.ProcessEnv => {
    check('process.env', get);
    return env;
  };
  const set = (value: NodeJS.ProcessEnv): void => {
    env = value;
  };
  const restore = replace(process, 'env', { get, set });
  return () => {
    restore();
    process.env = env;
  };
}

function replaceAll(): () => void {
  const globals = ['setTimeout', 'setInterval', 'setImmediate', 'fetch'];
  const restores = [
    replaceFunction(Math, 'random', 'Math.random()'),
    replaceFunction(Date, 'now', 'Date.now()'),
    replaceFunction(performance, 'now', 'performance.now()'),
    replaceFunction(performance, 'mark', 'performance.mark()'),
    replaceTimeOrigin(),
    replaceFunction(process, 'uptime', 'process.uptime()'),
    replaceFunction(crypto, 'randomUUID', 'crypto.randomUUID()'),
    replaceFunction(crypto, 'getRandomValues', 'crypto.getRandomValues()'),
    replaceFunction(process.hrtime, 'bigint', 'process.hrtime.bigint()'),
    replaceFunction(process, 'hrtime', 'process.hrtime()'),
    ...globals.map((name) => replaceFunction(globalThis, name, `${name}()`)),
    replaceDate(),
    replaceEnvironment(),
  ];
  return () => {
    for (const restore of restores.reverse()) restore();
  };
}

let isReplaced = false;

/** Planning waits for nothing but promises, so it has ended when the event loop comes to an immediate. */
function replaceWhilePlanning(): void {
  if (isReplaced) return;
  const restore = replaceAll();
  isReplaced = true;
  later(() => {
    restore();
    isReplaced = false;
  });
}

/**
 * Calls a user's function that must depend on its arguments only. Its calls of clocks, timers, random numbers and the
 * network throw the error of `refuse`, also after its awaits, as do its reads of the environment. The call rejects with
 * the first of these errors, even if the function catches it. Other code of the process is not affected.
 */
export function withoutChance<T>(refuse: Refuse, work: () => Promise<T>): Promise<T> {
  replaceWhilePlanning();
  return new Promise<T>((resolve, reject) => {
    const refused: Refuse = (what, place) => {
      const error = refuse(what, place);
      reject(error);
      return error;
    };
    refusing.run(refused, async () => work()).then(resolve, reject);
  });
}
