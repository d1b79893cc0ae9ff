/** Digests of a user's code: the statements that a task, annotator, judge or other member can reach. */
import type { CodeIdentity, CodeOrigin, UserCode } from '../core/code';
import { placesIn } from './places';
import { Slice } from './slice';

async function readSource(origin: CodeOrigin): Promise<CodeIdentity> {
  // Loaded on demand: it is large, and built-in tasks do not need it.
  const { default: typescript } = await import('typescript');
  const slice = new Slice(typescript);
  slice.addOrigin(origin);
  return slice.identity();
}

async function read(origin: CodeOrigin): Promise<UserCode | undefined> {
  const { stack, version } = origin;
  if (placesIn(stack).length === 0) return undefined;
  const source = await readSource(origin);
  return version === undefined ? { identity: source } : { identity: { version }, source };
}

const known = new WeakMap<CodeOrigin, Promise<UserCode | undefined>>();

/**
 * The code behind an origin, read once: call this soon after the code was loaded. undefined for code of this package.
 */
export function readCode(origin: CodeOrigin | undefined): Promise<UserCode | undefined> {
  if (origin === undefined) return Promise.resolve(undefined);
  const reading = known.get(origin) ?? read(origin);
  known.set(origin, reading);
  return reading;
}
