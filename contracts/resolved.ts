import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { UserRowsUse } from '../schemas/user-rows';
import type { LossFacts } from '../losses/facts';
import type { CodeByRole } from '../core/code';
import type { PinnedMember } from '../core/members';
import type { IdentifiedSource } from './provenance';

/** A base model for the planner: the digest is in keys, the path is local to this host. */
export interface ResolvedModel {
  readonly name: string;
  /** SHA-256 over the folder's payload files and the code of a user's family, hexadecimal. */
  readonly digest: string;
  readonly path: string;
  /** Number of weights, for the price of compute; left out if the files do not say. */
  readonly parameters?: number;
  /** Vocabulary size, which decides how logits are computed; left out if the files do not say. */
  readonly vocabulary?: number;
  /**
   * Rows plus columns of the layers' linear modules, summed over the layers, by module: the size of adapters and
   * activations. Left out if the files do not say.
   */
  readonly linearSides?: Readonly<Record<string, number>>;
  /**
   * Numbers that a generated token adds to the cache of keys and values, over all layers. Left out if the files do not
   * say.
   */
  readonly cachedWidth?: number;
}

/** External files of a task: name in the definition → path on this host and content digest. */
export type ResolvedFiles = Readonly<Record<string, { path: string; digest: string }>>;

/** A user's stage kind. Workflows load its rules only; its activity is loaded where it runs. */
export interface PinnedStageKind extends PinnedMember {
  readonly activity: PinnedMember;
}

/** Members that a definition names by module and export. */
export interface ResolvedMembers {
  readonly family?: PinnedMember;
  readonly pipeline?: PinnedMember;
  readonly stageKinds?: readonly PinnedStageKind[];
}

/** A user's preference loss, loaded and checked on the client. Its code is `code[''].loss`. */
export interface ResolvedLoss {
  /** Its file on this host. Not in keys. */
  readonly path: string;
  /** Without its SFT term. */
  readonly facts: LossFacts;
}

/** A definition with its external inputs pinned by content; the input of workflows. */
export interface Resolved<Definition> {
  readonly definition: Definition;
  readonly model: ResolvedModel;
  readonly files: ResolvedFiles;
  /** Problems in the task's pool. */
  readonly poolRows: number;
  /** Excluded rows of the task's files, by reason; left out if there are none. */
  readonly excluded?: Readonly<Record<string, number>>;
  /** Usable rows of the user's own files; left out if the definition names none. */
  readonly userRows?: Readonly<Partial<Record<UserRowsUse, number>>>;
  /** Columns of the user's own files that are not used, with the number of rows that have them. */
  readonly unusedColumns?: Readonly<Partial<Record<UserRowsUse, Readonly<Record<string, number>>>>>;
  /** Identities of annotators and judge; left out if the name identifies them, as for built-in ones. */
  readonly annotator?: IdentifiedSource;
  readonly preferenceAnnotator?: IdentifiedSource;
  readonly judge?: IdentifiedSource;
  /** Identities of judges of auxiliary tasks, by task name. */
  readonly auxiliaryJudges?: Readonly<Record<string, IdentifiedSource>>;
  /** The user's loss; left out for a built-in one. */
  readonly loss?: ResolvedLoss;
  /** User code by question set ('' is the main task); left out if there is none. */
  readonly code?: Readonly<Record<string, CodeByRole>>;
  /** The user's losses, stage kinds and others, by their code; left out if there are none. */
  readonly members?: ResolvedMembers;
  /**
   * Auxiliary tasks whose test items overlap training rows, which are then removed; left out if there are
   * none.
   */
  readonly heldOut?: readonly string[];
}

/** A definition's external inputs without the definition. */
export type ResolvedInputs = Omit<Resolved<unknown>, 'definition'>;
export interface ResolvedSweep extends Resolved<SweepDefinition> {
  /** Sweeps with axes only: the external inputs at each place, in the planner's order. */
  readonly variants?: readonly ResolvedInputs[];
}
export type ResolvedExperiment = Resolved<ExperimentDefinition>;

/** A definition of either form. */
export type AnyResolved = Resolved<ExperimentDefinition | SweepDefinition> & Pick<ResolvedSweep, 'variants'>;
