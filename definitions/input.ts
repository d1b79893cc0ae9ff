import type { MemberReference } from '../core/members';
import type { Pipeline } from '../planning/pipeline';
import type { ExperimentJson, SweepJson } from '../schemas/definition';
import type { AnyUserRules } from '../stages';

/** Users' functions and stage kinds: exported from a module, or by module and export. */
interface OwnMembers {
  /** Your own pipeline: an exported function. Default: SFT, frozen reference, preference tuning, evaluation. */
  readonly pipeline?: Pipeline | MemberReference;
  /** Your own stage kinds, made by `defineStage` and exported, for the pipeline. Default: none. */
  readonly stageKinds?: readonly (AnyUserRules | MemberReference)[];
}

type Own = keyof OwnMembers;
type Axes = NonNullable<SweepJson['axes']>;
type Values = Extract<Axes[string], readonly unknown[]>;
type Changes = Exclude<Axes[string], readonly unknown[]>[string];

/** Argument of `defineExperiment`. docs/reference/definition.md lists every field. */
export type ExperimentInput = Omit<ExperimentJson, Own> & OwnMembers;

/** Argument of `defineSweep`. docs/reference/definition.md lists every field. */
export type SweepInput = Omit<SweepJson, Own | 'axes'> &
  OwnMembers & {
    /** Further axes of the grid: lists of values by field, or named changes by field. Default: none. */
    readonly axes?: Readonly<Record<string, Values | Readonly<Record<string, Changes | OwnMembers>>>>;
  };
