/** Where something of the user's was defined, and what of it counts. */
export interface CodeOrigin {
  /** Stack of the call that defined it, from the caller on. */
  readonly stack: string;
  /** Name of the function that was called. */
  readonly call?: string;
  /** The export that it is, where no call defined it. */
  readonly exported?: string;
  /** Fields of the object that the call was given that count; all where both are left out. */
  readonly only?: readonly string[];
  /** Fields of it that do not count. */
  readonly except?: readonly string[];
  /** What the user keeps in the place of digests. */
  readonly version?: string;
}

/** SHA-256 of the code by file, and versions by package; of code that keeps a version, that alone. */
export type CodeIdentity = Readonly<Record<string, string>>;

/** The user's own code behind something that a stage calls. */
export interface UserCode {
  /** Enters keys. */
  readonly identity: CodeIdentity;
  /** Where the user keeps a version: the digests that it stands for. In no key. */
  readonly source?: CodeIdentity;
}

/** What of a stage is the user's code: how problems are made and put, how answers are judged, who annotates, who judges. */
export const codeRoles = ['problems', 'grading', 'annotator', 'judge'] as const;
export type CodeRole = (typeof codeRoles)[number];
export type CodeByRole<T = UserCode> = Readonly<Partial<Record<CodeRole, T>>>;

/** To be called by what a user calls: the stack from the user's own call on. */
export function stackOfCaller(): string {
  const { stackTraceLimit } = Error;
  // The user's functions may call each other more deeply than the ten calls that Node shows.
  Error.stackTraceLimit = Infinity;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return stack.split('\n').slice(3).join('\n');
}

/** A thing with where it was defined; a copy with other fields does not take that over. */
export function definedAt<T extends { readonly code?: unknown }>(thing: T, code: T['code']): T {
  return Object.defineProperty(thing, 'code', { value: code, configurable: true });
}

/** A copy whose code is that of the thing itself. */
export function takeCode<T extends { readonly code?: unknown }>(copy: T, thing: T): T {
  return 'code' in thing ? definedAt(copy, thing.code) : copy;
}

/** A thing of the user's, with where it was defined unless it says so itself. */
export function withOrigin<T extends { readonly code?: unknown }>(thing: T, code: T['code']): T {
  return 'code' in thing ? thing : definedAt(Object.create(thing) as T, code);
}

/** The same code, or where it differs: names of files and packages. */
export function differingCode(a: CodeIdentity = {}, b: CodeIdentity = {}): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return names.filter((name) => a[name] !== b[name]);
}
