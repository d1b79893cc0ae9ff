import type { ResolvedModel, Resolved } from '../contracts/resolved';
import type {
  Makes,
  PlannedRows,
  PlannedStage,
  StageFacts,
  StageInputRef,
  StageInputs,
  StageSpec,
} from '../contracts/stage';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import { refuseCall } from './calls';
import { firstFormOf, firstKey, type FirstForm, nestOf } from './first-form';
import { isFilled } from './forms';
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

/** How stages of a kind are planned, for kinds of the package and of users. */
export interface PlanningRules<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
  Rows extends PlannedRows | null = PlannedRows | null,
> {
  /** Its name in Temporal, ledger and store. Stages seed their random numbers with it. */
  readonly kind: Kind;
  readonly makes: M;
  /**
   * Raise it when a stage's output bytes change for the same spec and inputs; all keys of the kind, and of the stages
   * that read it, then change.
   */
  readonly revision: (model: ResolvedModel) => number;
  /** The kind's form when it was new. It stays as it is when a revision is raised. Default: revision 1, the same spec. */
  readonly first?: FirstForm<Spec>;
  readonly plan: (context: StageContext, call: Call) => StageParts<Spec> & { readonly rows: Rows };
}

/**
 * A stage kind of the package. All that the package knows of it is here, in code that the workflow sandbox can load; the
 * work itself is the activity of the kind's name.
 */
export interface BuiltInRules<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
> extends PlanningRules<Kind, M, Call, Spec> {
  readonly first: FirstForm<Spec>;
  /** "SFT run", "SFT runs". */
  readonly label: readonly [one: string, many: string];
  /** What it does, in a few words: "Supervised fine-tuning". */
  readonly does: string;
  /** The rows that it trains on; null: it trains nothing. */
  readonly learnsFrom: 'demonstrations' | 'pairs' | null;
  /** Its rows in a model card, from the spec: "64 demonstrations from a file"; null: it makes none. */
  readonly describeRows: ((spec: StageSpec) => string) | null;
}

/** Defines a stage kind of the package; a missing rule does not compile. */
export function defineBuiltInStage<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
>(rules: BuiltInRules<Kind, M, Call, Spec>): BuiltInRules<Kind, M, Call, Spec> {
  return rules;
}

/** What every call may have. */
export interface Named {
  /** For people, in the stage's title. In no key. At most 80 characters. */
  readonly name?: string;
}

const longestName = 80;

/** One line: no control characters and no line separators. */
const isName = (name: unknown): boolean =>
  isFilled(name) && (name as string).length <= longestName && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name as string);

function assertName(kind: string, name: unknown): void {
  if (name === undefined || isName(name)) return;
  const reason = `a text of 1 to ${longestName} characters on one line is needed`;
  throw refuseCall(kind, [{ field: 'name', reason }]);
}

/** Any kind, whatever its calls and specs are. */
export type AnyStageRules = PlanningRules<string, Makes, never, StageSpec>;
/** Any kind of the package. */
export type AnyBuiltInRules = BuiltInRules<string, Makes, never, StageSpec>;

/**
 * Plans one call of a kind. The kind's own plan does not get the name.
 *
 * @throws BudgetlineError DEFINITION_INVALID
 */
export function planStage<
  Kind extends string,
  M extends Makes,
  Call,
  Spec extends StageSpec & { readonly kind: Kind },
>(
  { kind, makes, ...rules }: PlanningRules<Kind, M, Call, Spec>,
  context: StageContext,
  call: Call & Named,
): PlannedStage<M, Spec> {
  const { name, ...unnamed } = call;
  assertName(kind, name);
  const { spec, inputs: given, title, ...facts } = rules.plan(context, unnamed as Call);
  const { model } = context.resolved;
  const revision = rules.revision(model);
  const inputs = Object.fromEntries(
    Object.entries(given).filter(([, input]) => input !== undefined),
  ) as StageInputs;
  const key = stageKey(spec, revision, inputs);
  const form = firstFormOf(rules.first, { spec, model, inputs });
  const [first, nest] = [firstKey(form), facts.rows === null ? undefined : nestOf(form, facts.rows)];
  const called = name === undefined ? title : `${name}: ${title}`;
  const keys = { key, first: first === key ? undefined : first, nest };
  return { ...facts, ...keys, name, title: called, kind, makes, revision, spec, inputs };
}
