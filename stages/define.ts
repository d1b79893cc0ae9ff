import { type MemberReference, memberOf, type PinnedMember } from '../core/members';
import type { ResolvedModel, Resolved } from '../contracts/resolved';
import type {
  Makes,
  PlannedStage,
  StageFacts,
  StageInputRef,
  StageInputs,
  StageSpec,
} from '../contracts/stage';
import { BudgetlineError } from '../core/failures';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import { stageKey } from './keys';

/** What every stage is planned from: a definition with pinned inputs, and a training seed. */
export interface StageContext {
  readonly resolved: Resolved<ExperimentDefinition | SweepDefinition>;
  readonly seed: number;
}

/** What a kind says of one call: spec and inputs, which make the key, and facts for everybody else. */
export interface StageParts<Spec extends StageSpec> extends StageFacts {
  readonly spec: Spec;
  /** Undefined inputs are left out. */
  readonly inputs: Readonly<Record<string, StageInputRef | undefined>>;
}

/**
 * A stage kind. All that the package knows of it is here, in code that the workflow sandbox can load; the work itself is
 * an activity.
 */
export interface StageRules<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
> {
  /** Its name in Temporal, ledger and store. Stages seed their random numbers with it. */
  readonly kind: Kind;
  readonly makes: M;
  /**
   * Raise it when a stage's output bytes change for the same spec and inputs; all keys of the kind, and of the stages
   * that read it, then change.
   */
  readonly revision: (model: ResolvedModel) => number;
  /**
   * The function that does the work of a user's kind: a module, relative to the file of the kind, and its export. Null: the
   * package's own activity of the kind's name.
   */
  readonly activity: MemberReference | null;
  /** "SFT run", "SFT runs". */
  readonly label: readonly [one: string, many: string];
  /** What it does, in a few words: "Supervised fine-tuning". */
  readonly does: string;
  /** The rows that it trains on; null: it trains nothing. */
  readonly learnsFrom: 'demonstrations' | 'pairs' | null;
  /** Its rows in a model card, from the spec: "64 demonstrations from a file"; null: it makes none. */
  readonly describeRows: ((spec: StageSpec) => string) | null;
  readonly plan: (context: StageContext, call: Call) => StageParts<Spec>;
}

/** Defines a stage kind; a missing rule does not compile. */
export function defineStage<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
>(rules: StageRules<Kind, M, Call, Spec>): StageRules<Kind, M, Call, Spec> {
  return rules;
}

/** Any kind, whatever its calls and specs are. */
export type AnyStageRules = StageRules<string, Makes, never, StageSpec>;

/** The pinned activity of a user's kind; undefined for the package's own kinds. */
function activityOf(
  { kind, activity }: Pick<AnyStageRules, 'kind' | 'activity'>,
  { resolved: { members } }: StageContext,
): PinnedMember | undefined {
  if (activity === null) return undefined;
  const isIt = (pinned: PinnedMember): boolean => (memberOf(pinned) as AnyStageRules).kind === kind;
  const pinned = members?.stageKinds?.find(isIt);
  if (pinned !== undefined) return pinned.activity;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `The pipeline calls the stage kind "${kind}", which the definition does not name.`,
    { remedy: 'Add its module and export to stageKinds.', details: { field: 'stageKinds', kind } },
  );
}

/** Plans one call of a kind. */
export function planStage<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
>(rules: StageRules<Kind, M, Call, Spec>, context: StageContext, call: Call): PlannedStage<M, Spec> {
  const { kind, makes } = rules;
  const { spec: planned, inputs: given, ...facts } = rules.plan(context, call);
  const activity = activityOf(rules, context);
  const spec =
    activity === undefined
      ? planned
      : { ...planned, activity: { export: activity.export, digest: activity.digest } };
  const revision = rules.revision(context.resolved.model);
  const inputs = Object.fromEntries(
    Object.entries(given).filter(([, input]) => input !== undefined),
  ) as StageInputs;
  return { key: stageKey(spec, revision, inputs), kind, makes, revision, spec, inputs, activity, ...facts };
}
