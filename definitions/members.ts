import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type LoadedMember, loadMember } from '../code/members';
import { BudgetlineError } from '../core/failures';
import { hasFamilyRules } from '../core/family-rules';
import { type MemberReference, memberOf, type PinnedMember } from '../core/members';
import type { ResolvedMembers } from '../contracts/resolved';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import { membersAt, variantsOf } from '../planning';
import { type AnyUserRules, rulesOf, wrongRules } from '../stages';
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

/**
 * Loads a member that a field of a definition names.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS, each with the field
 */
export async function loadNamed(
  reference: MemberReference,
  { field, baseDir }: Pick<ExpectedMember, 'field' | 'baseDir'>,
): Promise<LoadedMember> {
  const path = resolve(baseDir, reference.module);
  try {
    if (existsSync(path)) return await loadMember({ ...reference, module: path });
  } catch (error) {
    throw inField(field, error);
  }
  const details = { path, field };
  throw new BudgetlineError('INPUT_MISSING', `${field}: There is no file ${path}.`, { details });
}

/**
 * Loads a member that a definition names, checks it, and pins it by its code.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS, each with the field
 */
export async function pinMember(reference: MemberReference, expected: ExpectedMember): Promise<PinnedMember> {
  const { field, made, isMember } = expected;
  const { pinned, member } = await loadNamed(reference, expected);
  if (isMember(member)) return pinned;
  const { path, export: name } = pinned;
  throw new BudgetlineError('DEFINITION_INVALID', `${field}: "${name}" of ${path} is not made by ${made}.`, {
    remedy: `Write: export const ${name} = ${made};`,
    details: { path, export: name, field },
  });
}

/** Pins the model family that a definition names. */
export const pinFamily = (reference: MemberReference, baseDir: string): Promise<PinnedMember> =>
  pinMember(reference, { field: 'family', baseDir, made: 'defineFamily({ … })', isMember: hasFamilyRules });

const isFunction = (exported: unknown): boolean => typeof exported === 'function';

/** Why an export cannot be a user's stage kind; undefined if it can. */
function faultOf(exported: unknown): string | undefined {
  const wrong = wrongRules(exported);
  if (wrong.length > 0) return `is not a stage kind; missing or wrong: ${wrong.join(', ')}`;
  const { kind } = exported as AnyUserRules;
  return rulesOf(kind) && `has the name of a built-in kind, "${kind}"`;
}

/** Pins a stage kind and the function that does its work. */
async function pinStageKind(reference: MemberReference, field: string, baseDir: string) {
  const made = 'defineStage({ … })';
  const pinned = await pinMember(reference, { field, baseDir, made, isMember: () => true });
  const member = memberOf(pinned);
  const fault = faultOf(member);
  const { path, export: name } = pinned;
  if (fault !== undefined)
    throw new BudgetlineError('DEFINITION_INVALID', `${field}: "${name}" of ${path} ${fault}.`, {
      remedy: `Write: export const ${name} = ${made}; with a name of its own.`,
      details: { field, path, export: name },
    });
  const { activity, kind } = member as AnyUserRules;
  const expected = {
    field: `${field}, activity`,
    baseDir: dirname(path),
    made: 'async (session, spec) => { … }',
    isMember: isFunction,
  };
  return { kind, pinned: { ...pinned, activity: await pinMember(activity, expected) } };
}

/** Pins the stage kinds of a definition. */
async function pinStageKinds(references: readonly MemberReference[], baseDir: string) {
  const pinned = await Promise.all(
    references.map((reference, at) => pinStageKind(reference, `stageKinds[${at}]`, baseDir)),
  );
  const names = pinned.map(({ kind }) => kind);
  const second = names.findIndex((kind, at) => names.indexOf(kind) < at);
  if (second === -1) return pinned.map((each) => each.pinned);
  const kind = names[second]!;
  const fields = [`stageKinds[${names.indexOf(kind)}]`, `stageKinds[${second}]`];
  throw new BudgetlineError('DEFINITION_INVALID', `${fields.join(' and ')} have the same name, "${kind}".`, {
    remedy: 'Leave one out, or give it another name.',
    details: { field: fields[1], kind },
  });
}

/** Pins the members that a definition names; undefined if it names none. */
export async function pinMembers(
  { pipeline, stageKinds }: ExperimentDefinition | SweepDefinition,
  baseDir: string,
): Promise<ResolvedMembers | undefined> {
  const ofPipeline = { field: 'pipeline', baseDir, made: 'definePipeline(…)', isMember: isFunction };
  const members: ResolvedMembers = {
    pipeline: pipeline && (await pinMember(pipeline, ofPipeline)),
    stageKinds: stageKinds && (await pinStageKinds(stageKinds, baseDir)),
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
