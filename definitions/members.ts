import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadMember } from '../code/members';
import { BudgetlineError } from '../contracts/failures';
import type { MemberReference, PinnedMember } from '../contracts/members';
import { inField } from './in-field';

/** What a field of a definition expects of a user's member. */
export interface ExpectedMember {
  /** Field of the definition. */
  readonly field: string;
  /** Folder that a relative path starts from. */
  readonly baseDir: string;
  /** How to make one: "defineStage({ … })". */
  readonly made: string;
  readonly isMember: (exported: unknown) => boolean;
}

async function loadFor(reference: MemberReference, { baseDir, made, isMember }: ExpectedMember) {
  const path = resolve(baseDir, reference.module);
  if (!existsSync(path))
    throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, { details: { path } });
  const { pinned, member } = await loadMember({ ...reference, module: realpathSync(path) });
  if (isMember(member)) return pinned;
  throw new BudgetlineError('DEFINITION_INVALID', `"${pinned.export}" of ${path} is not made by ${made}.`, {
    remedy: `Write: export const ${pinned.export} = ${made};`,
    details: { path, export: pinned.export },
  });
}

/**
 * Loads a member that a definition names, checks it, and pins it by its code.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS, each with the field
 */
export async function pinMember(reference: MemberReference, expected: ExpectedMember): Promise<PinnedMember> {
  try {
    return await loadFor(reference, expected);
  } catch (error) {
    throw inField(expected.field, error);
  }
}

const isFamily = (exported: unknown): boolean =>
  typeof exported === 'object' && exported !== null && 'modelTypes' in exported && 'decoder' in exported;

/** Pins the model family that a definition names. */
export const pinFamily = (reference: MemberReference, baseDir: string): Promise<PinnedMember> =>
  pinMember(reference, { field: 'family', baseDir, made: 'defineFamily({ … })', isMember: isFamily });
