import { statSync } from 'node:fs';
import { originOfExport } from '../core/code';
import { digestOf } from '../core/digest';
import { BudgetlineError } from '../core/failures';
import { type MemberReference, type PinnedMember, registerMember } from '../core/members';
import { readCode } from '.';
import { loadUserMember } from './load';

/** SHA-256 of the code that an export of a file can reach now. */
async function digestOfExport(path: string, exported: string): Promise<string> {
  const code = await readCode(originOfExport(path, exported));
  return digestOf(code?.identity ?? {});
}

interface Loaded {
  readonly pinned: PinnedMember;
  readonly member: unknown;
}

/** Modules are loaded once in a process, so later changes of their files have no effect in it. */
const loaded = new Map<string, Promise<Loaded>>();

async function load(path: string, exported: string): Promise<Loaded> {
  const member = await loadUserMember(path, exported);
  return { member, pinned: { path, export: exported, digest: await digestOfExport(path, exported) } };
}

const differs = ({ path, export: name }: PinnedMember, since: string): BudgetlineError =>
  new BudgetlineError('CODE_DIFFERS', `The code of "${name}" in ${path} has changed since ${since}.`, {
    details: { path, export: name },
  });

/**
 * Loads an export of a user's module, and makes it known to this process.
 *
 * @param reference its module is an absolute path
 * @throws BudgetlineError DEFINITION_INVALID (no such export), CODE_DIFFERS (since this process has loaded it)
 */
export async function loadMember({ module: path, export: exported }: MemberReference): Promise<Loaded> {
  const id = `${path} ${exported}`;
  const loading = loaded.get(id) ?? load(path, exported);
  loaded.set(id, loading);
  const found = await loading;
  if ((await digestOfExport(path, exported)) !== found.pinned.digest)
    throw differs(found.pinned, 'this process loaded it');
  registerMember(found.pinned, found.member);
  return found;
}

/**
 * Compares the code of a pinned member with its file, which is read and not run.
 *
 * @throws BudgetlineError CODE_DIFFERS if the code is another one now, or the file is gone
 */
export async function assertPinned(pinned: PinnedMember): Promise<void> {
  const { path, export: exported, digest } = pinned;
  const isThere = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  if (isThere && (await digestOfExport(path, exported)) === digest) return;
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
