import { dirname, resolve } from 'node:path';
import { guardedPipeline } from '../code/guarded-pipeline';
import { type Guard, type LoadedMember, loadMember } from '../code/members';
import { assertLoadable, readSandboxCode } from '../code/sandbox';
import { BudgetlineError } from '../core/failures';
import { hasFamilyRules } from '../core/family-rules';
import { type MemberReference, memberOf, type PinnedMember } from '../core/members';
import type { ResolvedMembers } from '../contracts/resolved';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import { membersAt, variantsOf } from '../planning';
import type { Pipeline } from '../planning/pipeline';
import { type AnyUserRules, rulesOf, wrongRules } from '../stages';
import { inField } from './in-field';
import { isFile } from '../host/is-file';

/** What a field of a definition expects of a user's member. */
export interface ExpectedMember {
  /** Field of the definition. */
  readonly field: string;
  /** Folder that a relative path starts from. */
  readonly baseDir: string;
  /** How to make one: "defineStage({ … })". */
  readonly made: string;
  /** Why an export cannot be one, to follow its name: "is not a stage kind"; undefined if it can. */
  readonly faultOf: (exported: unknown) => string | undefined;
  /** What this process calls in its place. Default: the member itself. */
  readonly guard?: Guard;
}

/**
 * Loads a member that a field of a definition names.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS, each with the field
 */
export async function loadNamed(
  reference: MemberReference,
  { field, baseDir, guard }: Pick<ExpectedMember, 'field' | 'baseDir' | 'guard'>,
): Promise<LoadedMember> {
  const path = resolve(baseDir, reference.module);
  try {
    if (isFile(path)) return await loadMember({ ...reference, module: path }, guard);
  } catch (error) {
    throw inField(field, error);
  }
  const details = { path, field };
  throw new BudgetlineError('INPUT_MISSING', `${field}: the file ${path} does not exist.`, { details });
}

/**
 * Loads a member that a definition names, checks it, and pins it by its code.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS, each with the field
 */
export async function pinMember(reference: MemberReference, expected: ExpectedMember): Promise<PinnedMember> {
  const { field, made, faultOf } = expected;
  const { pinned, member } = await loadNamed(reference, expected);
  const fault = faultOf(member);
  if (fault === undefined) return pinned;
  const { path, export: name } = pinned;
  throw new BudgetlineError('DEFINITION_INVALID', `${field}: "${name}" of ${path} ${fault}.`, {
    remedy: `Write: export const ${name} = ${made};`,
    details: { path, export: name, field },
  });
}

/**
 * Pins a member that workflows load.
 *
 * @throws BudgetlineError as `pinMember`, and DEFINITION_INVALID with file and line of an import that they cannot load
 */
async function pinForWorkflows(reference: MemberReference, expected: ExpectedMember): Promise<PinnedMember> {
  const pinned = await pinMember(reference, expected);
  try {
    assertLoadable(await readSandboxCode([pinned]));
  } catch (error) {
    throw inField(expected.field, error);
  }
  return pinned;
}

/** Expects an export that one check recognises. */
function expecting(made: string, isMember: (exported: unknown) => boolean) {
  const faultOf = (exported: unknown) => (isMember(exported) ? undefined : `is not made by ${made}`);
  return { made, faultOf };
}

/** Pins the model family that a definition names. */
export const pinFamily = (reference: MemberReference, baseDir: string): Promise<PinnedMember> =>
  pinMember(reference, { field: 'family', baseDir, ...expecting('defineFamily({ … })', hasFamilyRules) });

const isFunction = (exported: unknown): boolean => typeof exported === 'function';

function faultOfKind(exported: unknown): string | undefined {
  const wrong = wrongRules(exported);
  if (wrong.length > 0) return `is not a stage kind; missing or wrong: ${wrong.join(', ')}`;
  const { kind } = exported as AnyUserRules;
  return rulesOf(kind) && `has the name of a built-in kind, "${kind}"; it needs one of its own`;
}

/** Pins a stage kind and the function that does its work. */
async function pinStageKind(reference: MemberReference, field: string, baseDir: string) {
  const made = 'defineStage({ … })';
  const pinned = await pinForWorkflows(reference, { field, baseDir, made, faultOf: faultOfKind });
  const { activity, kind } = memberOf(pinned) as AnyUserRules;
  const ofActivity = expecting('async (session, spec) => { … }', isFunction);
  const place = { field: `${field}, activity`, baseDir: dirname(pinned.path) };
  return { kind, pinned: { ...pinned, activity: await pinMember(activity, { ...place, ...ofActivity }) } };
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

type Naming = Pick<ExperimentDefinition | SweepDefinition, 'pipeline' | 'stageKinds'>;

async function pinMembers(
  { pipeline, stageKinds }: Naming,
  baseDir: string,
): Promise<ResolvedMembers | undefined> {
  const ofPipeline = {
    field: 'pipeline',
    baseDir,
    made: 'async (stages, cell) => stages.evaluate({ … })',
    faultOf: (exported: unknown) => (isFunction(exported) ? undefined : 'is not a function'),
    guard: (exported: unknown, path: string) =>
      isFunction(exported) ? guardedPipeline(exported as Pipeline, path) : exported,
  };
  const members: ResolvedMembers = {
    pipeline: pipeline && (await pinForWorkflows(pipeline, ofPipeline)),
    stageKinds: stageKinds && (await pinStageKinds(stageKinds, baseDir)),
  };
  return Object.values(members).some((member) => member !== undefined) ? members : undefined;
}

/** Pins the members that definitions name, the same ones once; undefined for a definition that names none. */
export function createPinning(baseDir: string): (definition: Naming) => Promise<ResolvedMembers | undefined> {
  const known = new Map<string, Promise<ResolvedMembers | undefined>>();
  return ({ pipeline, stageKinds }) => {
    const key = JSON.stringify([pipeline, stageKinds]);
    const pinning = known.get(key) ?? pinMembers({ pipeline, stageKinds }, baseDir);
    known.set(key, pinning);
    return pinning;
  };
}

/**
 * The members that a sweep names at all places on its axes.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS
 */
export async function pinDefinitionMembers(definition: SweepDefinition): Promise<PinnedMember[]> {
  const pin = createPinning(process.cwd());
  const places = await Promise.all(variantsOf(definition).map((variant) => pin(variant.definition)));
  return membersAt(places);
}
