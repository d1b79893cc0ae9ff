import { isRecord } from '../core/is-record';
import { BudgetlineError } from '../core/failures';
import { type MemberReference, memberOf } from '../core/members';
import type { PinnedStageKind } from '../contracts/resolved';
import type { Makes, PlannedRows, PlannedStage, StageSpec } from '../contracts/stage';
import { type PlanningRules, planStage, type StageContext, type StageParts } from './define';
import { type Form, isFilled, optional, wrongIn } from './forms';
import { wrongFacts } from './user-facts';

/**
 * A stage kind of yours, in code that the workflow sandbox can load. It cannot make 'scores': a pipeline ends with the
 * built-in evaluation, whose items report and audit read.
 */
export interface StageRules<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
  Rows extends PlannedRows | null = PlannedRows | null,
> extends PlanningRules<Kind, M, Call, Spec, Rows> {
  /** The function that does the work: a module, relative to the file of the kind, and its export. */
  readonly activity: MemberReference;
}

/** Defines a stage kind of yours; a missing rule does not compile. */
export function defineStage<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
  Rows extends PlannedRows | null,
>(rules: StageRules<Kind, M, Call, Spec, Rows>): StageRules<Kind, M, Call, Spec, Rows> {
  return rules;
}

/** Any user's kind, whatever its calls and specs are. */
export type AnyUserRules = StageRules<string, Makes, never, StageSpec>;

const isFunction = (value: unknown): boolean => typeof value === 'function';

const isFirstForm = (value: unknown): boolean =>
  isRecord(value) &&
  isFunction(value['revision']) &&
  (value['spec'] === undefined || isFunction(value['spec']));

function isReference(value: unknown): boolean {
  const { module, export: name } = (value ?? {}) as Partial<MemberReference>;
  return isFilled(module) && isFilled(name);
}

const forms: Readonly<Record<keyof AnyUserRules, Form>> = {
  kind: [isFilled, 'a text'],
  makes: [(value) => isFilled(value) && value !== 'scores', 'a text other than "scores"'],
  revision: [isFunction, 'a function'],
  first: optional([isFirstForm, '{ revision, spec? }, functions']),
  plan: [isFunction, 'a function'],
  activity: [isReference, '{ module, export }'],
};

/** Rules that an export lacks or has in a wrong form, for modules that no compiler has checked. */
export const wrongRules = (exported: unknown): string[] =>
  wrongIn((exported ?? {}) as Readonly<Record<string, unknown>>, forms);

/** The pinned members of a user's kind. */
function pinnedKind(kind: string, { resolved: { members } }: StageContext): PinnedStageKind {
  const isIt = (each: PinnedStageKind): boolean => (memberOf(each) as AnyUserRules).kind === kind;
  const pinned = members?.stageKinds?.find(isIt);
  if (pinned !== undefined) return pinned;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `The pipeline calls the stage kind "${kind}", which the definition does not name.`,
    { remedy: 'Add its module and export to stageKinds.', details: { field: 'stageKinds', kind } },
  );
}

/** The parts of a planned stage, checked. */
function assertParts(parts: unknown, kind: string, { path, export: name }: PinnedStageKind): void {
  const wrong = wrongFacts(parts, kind);
  if (wrong.length === 0) return;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `stageKinds: plan of the kind "${kind}" (${path}) returns no valid ${wrong.join(', ')}.`,
    {
      remedy: 'Correct what plan returns. The form of each field is in StageParts.',
      details: { field: wrong.map((each) => each.split(' ')[0]).join(', '), kind, path, export: name },
    },
  );
}

/**
 * Plans one call of a user's kind, with its code in the key.
 *
 * @throws BudgetlineError DEFINITION_INVALID if the definition does not name the kind, or its plan has wrong parts
 */
export function planUserStage(rules: AnyUserRules, context: StageContext, call: never): PlannedStage {
  const { kind } = rules;
  const pinned = pinnedKind(kind, context);
  const { activity } = pinned;
  const revision = rules.revision(context.resolved.model);
  const plan = (_: StageContext, unnamed: never): StageParts<StageSpec> => {
    const parts = rules.plan(context, unnamed);
    assertParts({ ...parts, revision }, kind, pinned);
    const code = { export: activity.export, digest: activity.digest };
    return { ...parts, spec: { ...parts.spec, activity: code } };
  };
  return { ...planStage({ ...rules, plan, revision: () => revision }, context, call), activity };
}
