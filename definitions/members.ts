import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadMember } from '../code/members';
import { BudgetlineError } from '../core/failures';
import { type MemberReference, memberOf, type PinnedMember } from '../core/members';
import type { ResolvedMembers } from '../contracts/resolved';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import { membersAt, variantsOf } from '../planning';
import { type AnyStageRules, rulesOf } from '../stages';
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

const isStageKind = (exported: unknown): exported is AnyStageRules =>
  typeof exported === 'object' && exported !== null && 'kind' in exported && 'plan' in exported;

const isFunction = (exported: unknown): boolean => typeof exported === 'function';

/** Pins a stage kind and the function that does its work. */
async function pinStageKind(reference: MemberReference, field: string, baseDir: string) {
  const made = 'defineStage({ … })';
  const pinned = await pinMember(reference, { field, baseDir, made, isMember: isStageKind });
  const { kind, activity } = memberOf(pinned) as AnyStageRules;
  if (activity === null || rulesOf(kind) !== undefined)
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `${field}: the kind "${kind}" of ${pinned.path} has ${activity === null ? 'no activity' : 'the name of a built-in kind'}.`,
      { remedy: 'Give it a name of its own, and activity: { module, export }.', details: { field, kind } },
    );
  const expected = {
    field: `${field}, activity`,
    baseDir: dirname(pinned.path),
    made: 'async (session, spec) => { … }',
    isMember: isFunction,
  };
  return { ...pinned, activity: await pinMember(activity, expected) };
}

/** Pins the members that a definition names; undefined if it names none. */
export async function pinMembers(
  { pipeline, stageKinds }: ExperimentDefinition | SweepDefinition,
  baseDir: string,
): Promise<ResolvedMembers | undefined> {
  const ofPipeline = { field: 'pipeline', baseDir, made: 'definePipeline(…)', isMember: isFunction };
  const members: ResolvedMembers = {
    pipeline: pipeline && (await pinMember(pipeline, ofPipeline)),
    stageKinds:
      stageKinds &&
      (await Promise.all(
        stageKinds.map((reference, at) => pinStageKind(reference, `stageKinds[${at}]`, baseDir)),
      )),
  };
  return Object.values(members).some((member) => member !== undefined) ? members : undefined;
}

/**
 * The members that a sweep names at all places on its axes.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS
 */
export async function pinDefinitionMembers(
  definition: SweepDefinition,
  baseDir = process.cwd(),
): Promise<PinnedMember[]> {
  const places = await Promise.all(
    variantsOf(definition).map((variant) => pinMembers(variant.definition, baseDir)),
  );
  return membersAt(places);
}
