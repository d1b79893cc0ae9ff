/** The place where user code was defined, and the parts of it that its identity covers. */
export interface CodeOrigin {
  /** Stack of the defining call, from its caller on. */
  readonly stack: string;
  /** Name of the called function. */
  readonly call?: string;
  /** Name of the export, if no call defined it. */
  readonly exported?: string;
  /** Fields of the call's argument that the identity covers. Default: all. */
  readonly only?: readonly string[];
  /** Fields of the call's argument that the identity leaves out. Default: none. */
  readonly except?: readonly string[];
  /** Version that the user maintains in place of digests. */
  readonly version?: string;
}

/** SHA-256 of the code by file, and versions by package. For code with a version: only that version. */
export type CodeIdentity = Readonly<Record<string, string>>;

/** User code that a stage calls. */
export interface UserCode {
  /** Part of stage keys. */
  readonly identity: CodeIdentity;
  /** For code with a version: the digests that it replaces. Not in keys. */
  readonly source?: CodeIdentity;
}

/** Roles of user code in a stage: make problems, score answers, demonstrate, label pairs, judge, train. */
export const codeRoles = [
  'problems',
  'grading',
  'annotator',
  'preferenceAnnotator',
  'judge',
  'loss',
] as const;
export type CodeRole = (typeof codeRoles)[number];
export type CodeByRole<T = UserCode> = Readonly<Partial<Record<CodeRole, T>>>;

/** The user's own code behind a stage, by role. */
export type StageCode = CodeByRole<CodeIdentity>;

/** The origin of an export that a definition names by file. */
export const originOfExport = (path: string, exported: string): CodeOrigin => ({
  stack: `    at ${path}:1:1`,
  exported,
});

/** Call this from a function that users call: the stack starts at the user's own call. */
export function stackOfCaller(): string {
  const { stackTraceLimit } = Error;
  // User functions may nest deeper than the ten calls that Node records.
  Error.stackTraceLimit = Infinity;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return stack.split('\n').slice(3).join('\n');
}

/** Attaches the origin of a definition. A copy with other fields does not inherit it. */
export function definedAt<T extends { readonly code?: unknown }>(thing: T, code: T['code']): T {
  return Object.defineProperty(thing, 'code', { value: code, configurable: true });
}

/** A copy with the same code origin as the original. */
export function takeCode<T extends { readonly code?: unknown }>(copy: T, thing: T): T {
  return 'code' in thing ? definedAt(copy, thing.code) : copy;
}

/** Attaches a code origin, unless the thing has one already. */
export function withOrigin<T extends { readonly code?: unknown }>(thing: T, code: T['code']): T {
  return 'code' in thing ? thing : definedAt(Object.create(thing) as T, code);
}

/** Names of files and packages that differ; empty if the code is the same. */
export function differingCode(a: CodeIdentity = {}, b: CodeIdentity = {}): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return names.filter((name) => a[name] !== b[name]);
}
