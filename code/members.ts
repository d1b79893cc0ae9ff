import { realpathSync } from 'node:fs';
import { originOfExport, type UserCode } from '../core/code';
import { digestOf } from '../core/digest';
import { BudgetlineError } from '../core/failures';
import { type MemberReference, type PinnedMember, registerMember } from '../core/members';
import { readCode } from '.';
import { loadUserMember } from './load';
import { isFile } from '../host/is-file';

export interface LoadedMember {
  readonly pinned: PinnedMember;
  readonly member: unknown;
  /** Its code by file. */
  readonly code: UserCode | undefined;
}

/** Wraps a member. @param path its file */
export type Guard = (member: unknown, path: string) => unknown;

/** SHA-256 of the code that an export can reach. */
const digestOfCode = (code: UserCode | undefined): string => digestOf(code?.identity ?? {});

/** The code that an export of a file can reach now. */
const codeOf = (path: string, exported: string): Promise<UserCode | undefined> =>
  readCode(originOfExport(path, exported));

/** Modules are loaded once in a process, so later changes of their files have no effect in it. */
const loaded = new Map<string, Promise<LoadedMember>>();

async function load(path: string, exported: string): Promise<LoadedMember> {
  const member = await loadUserMember(path, exported);
  const code = await codeOf(path, exported);
  return { member, code, pinned: { path, export: exported, digest: digestOfCode(code) } };
}

const differs = ({ path, export: name }: PinnedMember, since: string): BudgetlineError =>
  new BudgetlineError('CODE_DIFFERS', `The code of "${name}" in ${path} has changed since ${since}.`, {
    details: { path, export: name },
  });

/**
 * Loads an export of a user's module, and makes it known to this process.
 *
 * @param reference its module is an absolute path
 * @param guard puts another function in its place in this process. Default: none
 * @throws BudgetlineError DEFINITION_INVALID (no such export), CODE_DIFFERS (since this process has loaded it)
 */
export async function loadMember(
  { module, export: exported }: MemberReference,
  guard: Guard = (member) => member,
): Promise<LoadedMember> {
  const path = realpathSync(module);
  const id = `${path} ${exported}`;
  const known = loaded.get(id);
  const loading = known ?? load(path, exported);
  loaded.set(id, loading);
  // A load that fails is forgotten, so that a corrected file can be loaded.
  loading.catch(() => loaded.delete(id));
  const found = await loading;
  if (known !== undefined && digestOfCode(await codeOf(path, exported)) !== found.pinned.digest)
    throw differs(found.pinned, 'this process loaded it');
  registerMember(found.pinned, guard(found.member, path));
  return found;
}

/**
 * Compares the code of a pinned member with its file, which is read and not run.
 *
 * @throws BudgetlineError CODE_DIFFERS if the code is another one now, or the file is gone
 */
export async function assertPinned(pinned: PinnedMember): Promise<void> {
  const { path, export: exported, digest } = pinned;
  if (isFile(path) && digestOfCode(await codeOf(path, exported)) === digest) return;
  throw differs(pinned, 'the run was planned');
}

/**
 * The member that a run was planned with.
 *
 * @throws BudgetlineError CODE_DIFFERS if its code is another one now
 */
export async function loadPinnedMember(pinned: PinnedMember): Promise<unknown> {
  const found = await loadMember({ module: pinned.path, export: pinned.export });
  if (found.pinned.digest === pinned.digest) return found.member;
  throw differs(pinned, 'the run was planned');
}
